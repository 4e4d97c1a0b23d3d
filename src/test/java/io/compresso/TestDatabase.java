package io.compresso;

import io.compresso.store.InstanceFolder;
import io.compresso.store.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * A real PostgreSQL for tests: in a container where a Docker engine answers, else the embedded one.
 * One server for the JVM, an empty database for each caller.
 */
public final class TestDatabase {
  private static final Server SERVER = start();

  private TestDatabase() {}

  private record Server(String url, String user, String password) {}

  /** An empty database. */
  public record Database(String url, String user, String password) {
    /** Properties that make the service use it. */
    public List<String> properties() {
      return List.of(
          "spring.datasource.url=" + url,
          "spring.datasource.username=" + user,
          "spring.datasource.password=" + password);
    }

    public Connection connect() throws SQLException {
      return DriverManager.getConnection(url, user, password);
    }
  }

  /** Makes an empty database. */
  public static Database create() {
    String name = "test_" + UUID.randomUUID().toString().replace('-', '_');
    try (Connection connection =
            DriverManager.getConnection(SERVER.url, SERVER.user, SERVER.password);
        Statement statement = connection.createStatement()) {
      statement.execute("create database " + name);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return new Database(
        SERVER.url.replaceFirst("(//[^/]+/)[^?]*", "$1" + name), SERVER.user, SERVER.password);
  }

  private static Server start() {
    if (DockerClientFactory.instance().isDockerAvailable()) {
      PostgreSQLContainer container = new PostgreSQLContainer("postgres:18-alpine");
      container.start();
      return new Server(container.getJdbcUrl(), container.getUsername(), container.getPassword());
    }
    try {
      Path parent = Path.of("target", "test-postgres");
      Path folder = parent.resolve(Long.toString(ProcessHandle.current().pid()));
      EmbeddedPostgres postgres = EmbeddedPostgres.open(folder, parent.resolve("programs"));
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(() -> {
                try {
                  postgres.close();
                  InstanceFolder.deleteTree(folder);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              }));
      return new Server(postgres.jdbcUrl(), EmbeddedPostgres.USER, postgres.password());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package io.compresso.store.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedPostgresIT {
  private static final Path PROGRAMS = Path.of("target", "test-postgres", "programs");

  @TempDir Path home;

  @Test
  void data_isDurableAndPrivate_andSurvivesUntilTheLastUserLeaves() throws Exception {
    Path folder = home.resolve("postgres");
    try (EmbeddedPostgres postgres = EmbeddedPostgres.open(folder, PROGRAMS)) {
      execute(postgres, "create table kept (value text)", "insert into kept values ('x')");
      assertThat(query(postgres, "show fsync")).isEqualTo("on");
      assertThat(query(postgres, "show synchronous_commit")).isEqualTo("on");
      assertThat(query(postgres, "show full_page_writes")).isEqualTo("on");
      assertThat(query(postgres, "show listen_addresses")).isEqualTo("127.0.0.1");
      assertThat(query(postgres, "show password_encryption")).isEqualTo("scram-sha-256");
      assertThat(query(postgres, "show server_encoding")).isEqualTo("UTF8");
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(folder.resolve("password"))))
          .isEqualTo("rw-------");
      assertThatThrownBy(
              () -> DriverManager.getConnection(postgres.jdbcUrl(), EmbeddedPostgres.USER, "guess"))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("password");
    }
    assertThat(postmasters(folder)).isEmpty();
    EmbeddedPostgres first = EmbeddedPostgres.open(folder, PROGRAMS);
    EmbeddedPostgres second = EmbeddedPostgres.open(folder, PROGRAMS);
    first.close();
    assertThat(query(second, "select value from kept")).isEqualTo("x");
    second.close();
    second.close();
    assertThat(postmasters(folder)).isEmpty();
  }

  @Test
  void server_isSharedWithAnotherProcess_andAdoptedWhenThatOneDies() throws Exception {
    Path folder = home.resolve("postgres");
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                OtherUser.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      String url = readUrl(other);
      try (EmbeddedPostgres shared = EmbeddedPostgres.open(folder, PROGRAMS)) {
        assertThat(shared.jdbcUrl()).isEqualTo(url);
      }
      assertThat(postmasters(folder)).as("still used by the other process").hasSize(1);
    } finally {
      other.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
    }
    assertThat(postmasters(folder)).as("orphan").hasSize(1);
    try (EmbeddedPostgres adopter = EmbeddedPostgres.open(folder, PROGRAMS)) {
      assertThat(postmasters(folder)).hasSize(1);
      assertThat(query(adopter, "select 1")).isEqualTo("1");
    }
    assertThat(postmasters(folder)).isEmpty();
  }

  @Test
  void data_isRefusedWithAdvice_whenItsVersionIsAnotherOrItsPasswordIsMissing() throws Exception {
    Path folder = home.resolve("postgres");
    EmbeddedPostgres.open(folder, PROGRAMS).close();
    Files.writeString(folder.resolve("data/PG_VERSION"), "17\n");
    assertThatThrownBy(() -> EmbeddedPostgres.open(folder, PROGRAMS))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("PostgreSQL 17")
        .hasMessageContaining("pg_dump");
    Files.delete(folder.resolve("password"));
    assertThatThrownBy(() -> EmbeddedPostgres.open(folder, PROGRAMS))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("password");
  }

  @Test
  void start_succeeds_whenAnInterruptedOneHasLeftHalfADatabase() throws Exception {
    Path folder = home.resolve("postgres");
    Files.createDirectories(folder.resolve("data.new/base"));
    Files.writeString(folder.resolve("data.new/PG_VERSION"), "18\n");
    try (EmbeddedPostgres postgres = EmbeddedPostgres.open(folder, PROGRAMS)) {
      assertThat(query(postgres, "select 1")).isEqualTo("1");
    }
  }

  /** Uses a server until it is killed. */
  public static final class OtherUser {
    private OtherUser() {}

    public static void main(String[] args) throws Exception {
      System.out.println(EmbeddedPostgres.open(Path.of(args[0]), PROGRAMS).jdbcUrl());
      Thread.sleep(Long.MAX_VALUE);
    }
  }

  private static String readUrl(Process process) throws IOException {
    for (String line = process.inputReader().readLine();
        line != null;
        line = process.inputReader().readLine()) {
      if (line.startsWith("jdbc:")) {
        return line;
      }
    }
    throw new IOException("the process ended");
  }

  private static List<ProcessHandle> postmasters(Path folder) {
    return ProcessHandle.allProcesses()
        .filter(process ->
            process.info().commandLine().orElse("").contains("-D " + folder.resolve("data")))
        .toList();
  }

  private static String query(EmbeddedPostgres postgres, String sql) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(
                postgres.jdbcUrl(), EmbeddedPostgres.USER, postgres.password());
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return result.getString(1);
    }
  }

  private static void execute(EmbeddedPostgres postgres, String... statements) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(
                postgres.jdbcUrl(), EmbeddedPostgres.USER, postgres.password());
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }
}

package io.compresso.store.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL server of the program's own, with its data in a folder.
 *
 * <p>Durable as PostgreSQL is by default; listens on the loopback address only; asks for a password
 * that was drawn when the data was made. Several processes may use one folder: the first starts the
 * server, the last one to leave stops it, and a server that outlived a crash of its users is
 * adopted by the next.
 */
public final class EmbeddedPostgres implements AutoCloseable {
  public static final String USER = "compresso";
  public static final String DATABASE = "compresso";

  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedPostgres.class);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int PORT_ATTEMPTS = 5;
  private static final long LOG_BYTES = 16 << 20;
  private static final Map<Path, EmbeddedPostgres> OPEN = new HashMap<>();

  private final Path folder;
  private final Path data;
  private final PostgresPrograms programs;
  private final FileChannel users;
  private final String password;
  private int port;
  private int references;
  private @Nullable FileLock use;

  private EmbeddedPostgres(Path folder, PostgresPrograms programs) throws IOException {
    this.folder = folder;
    this.data = folder.resolve("data");
    this.programs = programs;
    this.password = readOrMakePassword();
    this.users =
        FileChannel.open(
            folder.resolve("users.lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
  }

  /**
   * Starts the server of a folder, or joins the one that runs. Each call needs its {@link #close}.
   *
   * @param binaries where PostgreSQL's programs are unpacked
   * @throws IOException when the folder's data cannot be used; the message says what to do
   */
  public static EmbeddedPostgres open(Path folder, Path binaries) throws IOException {
    synchronized (OPEN) {
      Path key = folder.toAbsolutePath().normalize();
      EmbeddedPostgres known = OPEN.get(key);
      if (known == null) {
        makePrivate(key);
        Path installation = PostgresBinaries.install(binaries.toAbsolutePath().normalize());
        try (FileChannel starting = startLock(key);
            FileLock _ = starting.lock()) {
          known = new EmbeddedPostgres(key, new PostgresPrograms(installation));
          known.startOrAdopt();
        }
        OPEN.put(key, known);
      }
      known.references++;
      return known;
    }
  }

  public String jdbcUrl() {
    return url(DATABASE);
  }

  public String password() {
    return password;
  }

  /** Leaves the server; stops it when no other process uses it. */
  @Override
  public void close() throws IOException {
    synchronized (OPEN) {
      if (references == 0 || --references > 0) {
        return;
      }
      OPEN.remove(folder);
      try (FileChannel starting = startLock(folder);
          FileLock _ = starting.lock();
          users) {
        if (use != null) {
          use.release();
        }
        FileLock last = users.tryLock();
        if (last == null) {
          LOG.info("PostgreSQL in {} goes on for other processes", folder);
        } else {
          stop("fast");
          LOG.info("PostgreSQL in {} stopped", folder);
        }
      }
    }
  }

  private void startOrAdopt() throws IOException {
    if (!Files.exists(data.resolve("PG_VERSION"))) {
      initialize();
    }
    String mine = programs.majorVersion();
    String found = Files.readString(data.resolve("PG_VERSION")).strip();
    if (!found.equals(mine)) {
      throw new IOException(
          "the data in "
              + data
              + " was written by PostgreSQL "
              + found
              + ", but this program brings PostgreSQL "
              + mine
              + ". Start the release of the program"
              + " that wrote it, dump the database with pg_dump, move the folder away, and restore"
              + " the dump here; or set spring.datasource.url to a server of version "
              + found);
    }
    // Held before the server runs: from here on no other process stops it.
    use = users.lock(0, Long.MAX_VALUE, true);
    if (!adopt()) {
      start();
    }
    createDatabase();
  }

  private void initialize() throws IOException {
    Path fresh = folder.resolve("data.new");
    PostgresBinaries.deleteTree(fresh);
    Path passwordFile = folder.resolve("password");
    programs.run(
        "initdb",
        List.of(
            "--pgdata=" + fresh,
            "--username=" + USER,
            "--auth=scram-sha-256",
            "--pwfile=" + passwordFile,
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions"));
    Files.move(fresh, data, StandardCopyOption.ATOMIC_MOVE);
    LOG.info("made a PostgreSQL database in {}", data);
  }

  /** Joins a server that already runs on the data; false when there is none. */
  private boolean adopt() throws IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (livePostmaster().isPresent()) {
      Optional<Integer> running = postmasterPort();
      if (running.isPresent()) {
        port = running.get();
        if (answersWithOurData()) {
          LOG.info("joined the PostgreSQL that runs in {} on port {}", folder, port);
          return true;
        }
      }
      if (System.nanoTime() > deadline) {
        LOG.warn("the PostgreSQL that runs in {} does not answer: stopping it", folder);
        stop("immediate");
        return false;
      }
      pause();
    }
    return false;
  }

  private void start() throws IOException {
    Path log = folder.resolve("postgres.log");
    if (Files.exists(log) && Files.size(log) > LOG_BYTES) {
      Files.move(log, folder.resolve("postgres.log.1"), StandardCopyOption.REPLACE_EXISTING);
    }
    for (int attempt = 1; ; attempt++) {
      port = freePort();
      try {
        programs.run(
            "pg_ctl",
            List.of(
                "--pgdata=" + data,
                "--log=" + log,
                "--wait",
                "--timeout=" + PATIENCE.toSeconds(),
                "--options=-p " + port + " -h 127.0.0.1 -k '' -c fsync=on -c synchronous_commit=on",
                "start"));
        LOG.info("started PostgreSQL in {} on port {}", folder, port);
        return;
      } catch (IOException e) {
        // Another program may have taken the port since it was found free.
        if (attempt == PORT_ATTEMPTS) {
          throw new IOException("cannot start PostgreSQL in " + folder + ", see " + log, e);
        }
      }
    }
  }

  private void stop(String mode) throws IOException {
    if (livePostmaster().isPresent()) {
      programs.run(
          "pg_ctl",
          List.of(
              "--pgdata=" + data,
              "--mode=" + mode,
              "--wait",
              "--timeout=" + PATIENCE.toSeconds(),
              "stop"));
    }
  }

  private void createDatabase() throws IOException {
    try (Connection connection = connect("postgres");
        Statement statement = connection.createStatement()) {
      boolean exists;
      try (ResultSet found =
          statement.executeQuery("select 1 from pg_database where datname = '" + DATABASE + "'")) {
        exists = found.next();
      }
      if (!exists) {
        statement.execute("create database " + DATABASE);
      }
    } catch (SQLException e) {
      throw new IOException("cannot use the PostgreSQL in " + folder + ": " + e.getMessage(), e);
    }
  }

  private boolean answersWithOurData() {
    try (Connection connection = connect("postgres");
        Statement statement = connection.createStatement();
        ResultSet shown = statement.executeQuery("show data_directory")) {
      return shown.next() && Files.isSameFile(Path.of(shown.getString(1)), data);
    } catch (SQLException | IOException _) {
      return false;
    }
  }

  private Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(url(database) + "&connectTimeout=5", USER, password);
  }

  private String url(String database) {
    return "jdbc:postgresql://127.0.0.1:" + port + "/" + database + "?ApplicationName=compresso";
  }

  /** The server of {@code postmaster.pid}, while it lives. */
  private Optional<ProcessHandle> livePostmaster() throws IOException {
    List<String> lines = pidFile();
    if (lines.isEmpty()) {
      return Optional.empty();
    }
    try {
      return ProcessHandle.of(Long.parseLong(lines.getFirst().strip()))
          .filter(ProcessHandle::isAlive)
          .filter(process -> process.info().command().orElse("postgres").contains("postgres"));
    } catch (NumberFormatException _) {
      return Optional.empty();
    }
  }

  private Optional<Integer> postmasterPort() throws IOException {
    List<String> lines = pidFile();
    try {
      return lines.size() < 4
          ? Optional.empty()
          : Optional.of(Integer.parseInt(lines.get(3).strip()));
    } catch (NumberFormatException _) {
      return Optional.empty();
    }
  }

  private List<String> pidFile() throws IOException {
    Path file = data.resolve("postmaster.pid");
    return Files.exists(file) ? Files.readAllLines(file) : List.of();
  }

  private String readOrMakePassword() throws IOException {
    Path file = folder.resolve("password");
    if (Files.exists(file)) {
      return Files.readString(file).strip();
    }
    if (Files.exists(data)) {
      throw new IOException(
          file
              + " is missing, which holds the password of the database in "
              + data
              + "; put it back from a copy, or move the folder away to begin anew");
    }
    byte[] secret = new byte[24];
    new SecureRandom().nextBytes(secret);
    String drawn = HexFormat.of().formatHex(secret);
    Path fresh = folder.resolve("password.new");
    Files.deleteIfExists(fresh);
    Files.createFile(fresh, permissions(folder, "rw-------"));
    try (FileChannel out = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
      out.write(ByteBuffer.wrap((drawn + "\n").getBytes(StandardCharsets.US_ASCII)));
      out.force(true);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    return drawn;
  }

  private static void makePrivate(Path folder) throws IOException {
    Path parent = folder.resolveSibling("");
    Files.createDirectories(parent);
    if (!Files.exists(folder)) {
      Files.createDirectories(folder, permissions(parent, "rwx------"));
    }
  }

  private static FileAttribute<?>[] permissions(Path near, String mode) throws IOException {
    return Files.getFileStore(near).supportsFileAttributeView("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode))
        }
        : new FileAttribute<?>[0];
  }

  private static FileChannel startLock(Path folder) throws IOException {
    return FileChannel.open(
        folder.resolve("start.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      return socket.getLocalPort();
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for PostgreSQL", e);
    }
  }
}

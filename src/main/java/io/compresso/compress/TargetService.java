package io.compresso.compress;

import io.compresso.kernel.CpuFeatures;
import io.compresso.store.ProblemException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Timestamp;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.event.EventListener;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import tools.jackson.databind.JsonNode;

/** The CPUs on which jobs have run. */
@Service
public class TargetService {
  private static final int ID_DIGITS = 16;

  private final JdbcClient jdbc;
  private final Host host = Host.detect();

  public TargetService(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /** This machine's CPU. */
  private record Host(String id, String name, String architecture, List<String> features) {
    static Host detect() {
      CpuFeatures cpu = CpuFeatures.host();
      String name = cpuName();
      List<String> features =
          cpu.rungs().stream().map(isa -> isa.toString().toLowerCase(Locale.ROOT)).toList();
      String identity =
          String.join(
              "\n",
              cpu.architecture(),
              name,
              Integer.toString(Runtime.getRuntime().availableProcessors()),
              String.join(" ", new TreeSet<>(cpu.flags())));
      return new Host(digest(identity), name, cpu.architecture(), features);
    }

    private static String cpuName() {
      try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
        return lines
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .filter(name -> !name.isEmpty())
            .findFirst()
            .orElseGet(() -> System.getProperty("os.arch"));
      } catch (IOException | java.io.UncheckedIOException _) {
        return System.getProperty("os.arch");
      }
    }

    private static String digest(String text) {
      try {
        byte[] hash =
            MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(hash).substring(0, ID_DIGITS);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Notes that this machine is in use; gives its id. */
  String seen() {
    jdbc.sql(
            """
            insert into targets (id, name, architecture, features) values (?, ?, ?, ?::jsonb)
            on conflict (id) do update set last_seen_at = now()
            """)
        .params(host.id(), host.name(), host.architecture(), Json.write(host.features()))
        .update();
    return host.id();
  }

  @EventListener(ApplicationReadyEvent.class)
  void started() {
    seen();
  }

  /** All targets, those seen last first. */
  public List<TargetInfo> list() {
    return jdbc.sql(
            "select id, name, architecture, features, first_seen_at, last_seen_at from targets"
                + " order by last_seen_at desc, id")
        .query((row, _) ->
            new TargetInfo(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                Json.tree(row.getString(4)).valueStream().map(JsonNode::asString).toList(),
                row.getString(1).equals(host.id()),
                instant(row.getTimestamp(5)),
                instant(row.getTimestamp(6))))
        .list();
  }

  public TargetInfo get(String id) {
    return list().stream()
        .filter(target -> target.id().equals(id))
        .findFirst()
        .orElseThrow(() -> ProblemException.notFound("target", id));
  }

  private static java.time.Instant instant(Timestamp timestamp) {
    return timestamp.toInstant();
  }
}

package io.compresso.compress;

import io.compresso.store.ProblemException;
import java.sql.Timestamp;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import tools.jackson.databind.JsonNode;

/** The CPUs on which jobs have run. */
@Service
public class TargetService {
  private final JdbcClient jdbc;

  public TargetService(JdbcClient jdbc) {
    this.jdbc = jdbc;
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
                false,
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

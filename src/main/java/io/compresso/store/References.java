package io.compresso.store;

import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Deletes what nothing refers to, and says what does where something does. */
@Component
public class References {
  private static final int SHOWN = 3;

  private final JdbcClient jdbc;

  public References(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  /**
   * Deletes a model.
   *
   * @throws ProblemException when there is none, or a job or another model refers to it
   */
  @Transactional
  public void deleteModel(UUID id) {
    lockRow("models", "model", id);
    refuseIfUsed("model", id, "job", "select job_id from job_models where model_id = ?");
    refuseIfUsed("model", id, "model", "select id from models where parent_id = ?");
    jdbc.sql("delete from models where id = ?").param(id).update();
  }

  /**
   * Deletes a data set.
   *
   * @throws ProblemException when there is none, or a job refers to it
   */
  @Transactional
  public void deleteDataset(UUID id) {
    lockRow("datasets", "dataset", id);
    refuseIfUsed("dataset", id, "job", "select job_id from job_datasets where dataset_id = ?");
    jdbc.sql("delete from datasets where id = ?").param(id).update();
  }

  private void lockRow(String table, String what, UUID id) {
    // The lock makes a concurrent insert of a reference wait, and then fail on its foreign key.
    if (jdbc.sql("select id from " + table + " where id = ? for update")
        .param(id)
        .query(UUID.class)
        .optional()
        .isEmpty()) {
      throw ProblemException.notFound(what, id);
    }
  }

  private void refuseIfUsed(String what, UUID id, String user, String query) {
    List<UUID> users =
        jdbc
            .sql(query + " limit " + (SHOWN + 1))
            .param(id)
            .query((row, _) -> row.getObject(1, UUID.class))
            .list()
            .stream()
            .distinct()
            .toList();
    if (!users.isEmpty()) {
      List<String> shown = users.stream().limit(SHOWN).map(UUID::toString).toList();
      throw ProblemException.conflict(
          what + "-in-use",
          what
              + " "
              + id
              + " is used by "
              + user
              + " "
              + String.join(", ", shown)
              + (users.size() > SHOWN ? " and others" : ""),
          "delete what uses it first");
    }
  }
}

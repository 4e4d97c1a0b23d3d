package io.compresso.job;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.compresso.store.Problem;
import tools.jackson.databind.JsonNode;

/** What a job's process tells its server, one JSON object on a line. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = JobMessage.Progress.class, name = "progress"),
  @JsonSubTypes.Type(value = JobMessage.Log.class, name = "log"),
  @JsonSubTypes.Type(value = JobMessage.Done.class, name = "done"),
  @JsonSubTypes.Type(value = JobMessage.Failed.class, name = "failed")
})
sealed interface JobMessage {
  /** {@code fraction} of the whole job is done. */
  record Progress(String stage, double fraction) implements JobMessage {}

  /** A line for the job's log. */
  record Log(String level, String message) implements JobMessage {}

  /** The job is done; files that it made lie in its folder. */
  record Done(JsonNode result) implements JobMessage {}

  /** The job cannot be done. */
  record Failed(Problem problem) implements JobMessage {}
}

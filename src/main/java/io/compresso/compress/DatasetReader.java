package io.compresso.compress;

import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/** Reads uploaded data sets and refuses those that are not what their spec says. */
@Component
class DatasetReader {
  private static final long MAX_BYTES = 256L << 30;

  /** A spec that has been checked. */
  record Plan(JsonNode spec) {}

  /** What a data set holds. */
  record Summary(long examples, List<Port> fields, Map<String, Long> classes) {}

  long maxBytes() {
    return MAX_BYTES;
  }

  Plan plan(JsonNode spec) {
    if (!spec.isObject()) {
      throw ProblemException.invalid(
          Problem.of("invalid-data-spec", "the spec is not a JSON object").atField("/spec"));
    }
    return new Plan(spec);
  }

  Summary read(Plan plan, Path file) throws IOException {
    if (Files.size(file) == 0) {
      throw ProblemException.invalid(Problem.of("malformed-data", "the upload is empty"));
    }
    return new Summary(0, List.of(), Map.of());
  }
}

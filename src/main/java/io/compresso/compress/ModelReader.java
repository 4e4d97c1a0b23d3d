package io.compresso.compress;

import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;

/** Reads uploaded models and refuses those that are not sound. */
@Component
class ModelReader {
  private static final long MAX_BYTES = 64L << 30;

  /** What a file turned out to hold. */
  record Reading(String format, ModelSummary summary) {}

  long maxBytes() {
    return MAX_BYTES;
  }

  Reading read(Path file) throws IOException {
    if (Files.size(file) == 0) {
      throw ProblemException.invalid(Problem.of("malformed-model", "the upload is empty"));
    }
    return new Reading(
        "onnx",
        new ModelSummary(0, Map.of(), "", "", List.of(), List.of(), Map.of(), 0, Files.size(file)));
  }
}

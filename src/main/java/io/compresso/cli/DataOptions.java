package io.compresso.cli;

import io.compresso.data.Dataset;
import io.compresso.data.DatasetSpec;
import io.compresso.data.Selection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Opens the data sets that a command line names. */
final class DataOptions {
  private static final YAMLMapper YAML = new YAMLMapper();

  private DataOptions() {}

  /**
   * The samples of {@code file} that {@code select} picks.
   *
   * @param spec the declaration as YAML or JSON, or {@code @} and the name of a file that holds it
   * @param select as in a job's {@code select}, empty for all
   */
  static Dataset open(Path file, String spec, String select) throws IOException {
    Dataset dataset = io.compresso.data.Datasets.open(file, DatasetSpec.of(map("--spec", spec)));
    return select.isEmpty() ? dataset : dataset.select(Selection.of(map("--select", select)));
  }

  @SuppressWarnings("unchecked")
  static Map<String, Object> map(String option, String text) throws IOException {
    if (text.isBlank()) {
      return Map.of();
    }
    String yaml = text.startsWith("@") ? Files.readString(Path.of(text.substring(1))) : text;
    try {
      Map<String, Object> map = YAML.readValue(yaml, Map.class);
      return map == null ? Map.of() : map;
    } catch (JacksonException e) {
      throw new IllegalArgumentException(
          option + " is not a YAML or JSON object: " + e.getOriginalMessage(), e);
    }
  }
}

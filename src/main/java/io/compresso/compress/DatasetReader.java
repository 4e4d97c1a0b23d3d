package io.compresso.compress;

import io.compresso.data.DataException;
import io.compresso.data.DataFile;
import io.compresso.data.DataLimits;
import io.compresso.data.DatasetSchema;
import io.compresso.data.DatasetSpec;
import io.compresso.data.DatasetSummary;
import io.compresso.data.Datasets;
import io.compresso.data.LabelKind;
import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;

/**
 * Reads uploaded data sets and refuses those that are not what their spec says, a few at a time and
 * in memory that does not grow with the data.
 */
@Component
class DatasetReader {
  private static final Logger LOG = LoggerFactory.getLogger(DatasetReader.class);
  private static final int AT_A_TIME = 2;
  private static final int BYTES_PER_PIXEL = 8;

  private final long maxBytes;
  private final Semaphore turns = new Semaphore(AT_A_TIME, true);

  DatasetReader(UploadProperties properties) {
    this.maxBytes = properties.maxDatasetSize().toBytes();
  }

  /** A spec that has been checked. */
  record Plan(JsonNode json, DatasetSpec spec) {}

  /** The labels of a data set. */
  record Labels(String kind, String name, int size, List<String> classNames) {}

  /** What a data set holds. */
  record Summary(
      String format,
      long examples,
      List<Port> fields,
      @Nullable Labels labels,
      Map<String, Long> classes) {
    DatasetSchema schema() {
      return new DatasetSchema(
          fields.stream()
              .map(field ->
                  new DatasetSchema.Field(
                      field.name(),
                      DType.valueOf(field.dtype().toUpperCase(Locale.ROOT)),
                      Shape.of(field.shape().stream().mapToLong(Long::parseLong).toArray())))
              .toList(),
          labels == null
              ? null
              : new DatasetSchema.LabelSchema(
                  LabelKind.valueOf(labels.kind().toUpperCase(Locale.ROOT)),
                  labels.name(),
                  labels.size(),
                  labels.classNames()));
    }
  }

  long maxBytes() {
    return maxBytes;
  }

  /**
   * Checks a spec.
   *
   * @throws ProblemException when it is wrong
   */
  Plan plan(JsonNode json) {
    if (!json.isObject()) {
      throw ProblemException.invalid(
          Problem.of("invalid-data-spec", "the data set's spec is not a JSON object")
              .atField("/spec"));
    }
    try {
      return new Plan(
          json, DatasetSpec.of(Json.MAPPER.convertValue(json, new TypeReference<>() {})));
    } catch (DataException e) {
      throw new ProblemException(
          ProblemException.Kind.INVALID,
          Problem.of(e.code().id(), text(e)).atField("/spec" + Json.pointer(e.where())),
          e);
    }
  }

  /**
   * Reads a data set once.
   *
   * @param name what the client calls it
   * @throws ProblemException when it is damaged, hostile, or not what the plan says
   */
  Summary read(Plan plan, String name, Path file) throws IOException {
    turns.acquireUninterruptibly();
    try {
      Path folder = file.resolveSibling("unpacked");
      Files.createDirectory(folder);
      return summary(
          Datasets.inspect(List.of(new DataFile(name, file)), plan.spec(), limits(file), folder));
    } catch (DataException e) {
      throw new ProblemException(
          ProblemException.Kind.INVALID, Problem.of(e.code().id(), text(e)), e);
    } catch (StackOverflowError | RuntimeException e) {
      LOG.warn("a data set could not be read", e);
      throw new ProblemException(
          ProblemException.Kind.INVALID,
          Problem.of("malformed-data", "the data set cannot be read: " + e),
          e);
    } finally {
      turns.release();
    }
  }

  private static DataLimits limits(Path file) throws IOException {
    DataLimits most = DataLimits.DEFAULT;
    return new DataLimits(
        most.maxEntries(),
        Math.min(most.maxTotalBytes(), Files.getFileStore(file).getUsableSpace() / 2),
        most.maxRatio(),
        Math.min(
            most.maxImagePixels(),
            Runtime.getRuntime().maxMemory() / (2 * AT_A_TIME * BYTES_PER_PIXEL)),
        most.maxLineBytes(),
        most.maxSampleBytes());
  }

  private static Summary summary(DatasetSummary found) {
    DatasetSchema.LabelSchema label = found.schema().label();
    return new Summary(
        found.format(),
        found.size(),
        found.schema().fields().stream()
            .map(field ->
                new Port(
                    field.name(),
                    field.dtype().toString(),
                    Arrays.stream(field.shape().dims()).mapToObj(Long::toString).toList()))
            .toList(),
        label == null
            ? null
            : new Labels(
                label.kind().name().toLowerCase(Locale.ROOT),
                label.name(),
                label.size(),
                label.classNames()),
        found.classHistogram());
  }

  private static String text(DataException e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }
}

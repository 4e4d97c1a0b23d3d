package io.compresso.compress;

import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.onnx.OnnxFormatException;
import io.compresso.onnx.OnnxLimits;
import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Reads models in the server and refuses those that are not sound. Takes memory for the structure
 * of a few models at a time, never for weights.
 */
@Component
class ModelReader {
  private static final Logger LOG = LoggerFactory.getLogger(ModelReader.class);
  private static final int AT_A_TIME = 2;
  private static final long MAX_DENSE_BYTES = 1L << 29;
  private static final int MAX_DEPTH = 100;

  private final OnnxLimits limits;
  private final long maxBytes;
  private final Semaphore turns = new Semaphore(AT_A_TIME, true);

  ModelReader(UploadProperties properties) {
    this.maxBytes = properties.maxModelSize().toBytes();
    this.limits =
        new OnnxLimits(
            Runtime.getRuntime().maxMemory() / (4 * AT_A_TIME),
            MAX_DEPTH,
            MAX_DENSE_BYTES,
            maxBytes);
  }

  /** What a file turned out to hold. */
  record Reading(String format, ModelSummary summary) {}

  long maxBytes() {
    return maxBytes;
  }

  /**
   * Reads a model file or an archive of one.
   *
   * @throws ProblemException when it is not a sound model
   */
  Reading read(Path file) throws IOException {
    return with(
        file,
        model -> {
          ModelChecks.check(model);
          return new Reading(
              FileKind.of(file) == FileKind.OTHER ? "onnx" : "archive", summary(model));
        });
  }

  /** Calls {@code use} with a model, which must not be kept. */
  <T> T with(Path file, Function<Model, T> use) throws IOException {
    turns.acquireUninterruptibly();
    try {
      return use.apply(OnnxCodec.read(file, limits));
    } catch (OnnxFormatException e) {
      throw refuse("malformed-model", e, null);
    } catch (GraphException e) {
      throw refuse("invalid-model", e, e.node());
    } catch (ProblemException e) {
      throw e;
    } catch (StackOverflowError | RuntimeException e) {
      LOG.warn("a model could not be read", e);
      throw refuse("invalid-model", e, null);
    } finally {
      turns.release();
    }
  }

  private static ProblemException refuse(String code, Throwable cause, @Nullable String node) {
    String message =
        cause instanceof StackOverflowError
            ? "the model is nested too deeply"
            : cause.getMessage() == null ? cause.toString() : cause.getMessage();
    return new ProblemException(
        ProblemException.Kind.INVALID,
        Problem.of(code, message)
            .atNode(node)
            .withHint("check the file with onnx.checker, or export the model again"),
        cause);
  }

  static ModelSummary summary(Model model) {
    Graph graph = model.graph();
    Map<String, Integer> opsets = new TreeMap<>();
    model
        .opsetImports()
        .forEach((domain, version) -> opsets.put(domain.isEmpty() ? "ai.onnx" : domain, version));
    Map<String, Long> operators = new TreeMap<>();
    for (Node node : graph.nodes()) {
      operators.merge(node.opType(), 1L, Long::sum);
    }
    long parameters = 0;
    long bytes = 0;
    for (Tensor weight : graph.initializers().values()) {
      parameters += weight.size();
      bytes +=
          weight.dtype() == io.compresso.tensor.DType.STRING
              ? 0
              : weight.dtype().bytes(weight.size());
    }
    return new ModelSummary(
        model.irVersion(),
        opsets,
        model.producer().name(),
        model.producer().version(),
        graph.requiredInputs().stream().map(ModelReader::port).toList(),
        graph.outputs().stream().map(ModelReader::port).toList(),
        operators,
        parameters,
        bytes);
  }

  private static Port port(ValueInfo value) {
    if (value.type() instanceof TensorType(var dtype, var dims)) {
      return new Port(
          value.name(),
          dtype.toString(),
          dims == null ? List.of("...") : dims.stream().map(Dim::toString).toList());
    }
    return new Port(value.name(), value.type().toString(), List.of());
  }
}

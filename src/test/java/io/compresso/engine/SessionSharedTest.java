package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import io.compresso.graph.Dim;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.onnx.OnnxFormatException;
import io.compresso.op.Inferred;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import io.compresso.testing.OrtRunner;
import io.compresso.testing.SharedData;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real models run as in the peer, with the shapes that were inferred, and survive damage. */
@Tag("shared-data")
class SessionSharedTest {
  private static final long MOST_CPU_NANOS = 20_000_000_000L;

  static List<Path> models() {
    return SharedData.models();
  }

  private static Map<String, Tensor> inputs(Model model) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (ValueInfo input : model.graph().requiredInputs()) {
      inputs.put(input.name(), OrtRunner.random(input.name(), input.type(), 3));
    }
    return inputs;
  }

  @ParameterizedTest
  @MethodSource("models")
  void outputs_areThoseOfThePeer_andShapesThoseInferred(Path file) throws Exception {
    Model model = OnnxCodec.read(file);
    Map<String, Inferred> known = ShapeInference.infer(model);
    Map<String, Tensor> inputs = inputs(model);
    Map<String, Tensor> expected;
    try (OrtRunner runner = OrtRunner.of(Files.readAllBytes(file), OptLevel.NO_OPT)) {
      expected = runner.run(inputs);
    }
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      for (int run = 0; run < 2; run++) {
        Map<String, Value> actual =
            session.run(inputs, (name, value) -> assertFits(name, value, known));
        expected.forEach((name, tensor) -> {
          Tensor ours = (Tensor) actual.get(name);
          assertThat(ours.shape()).as(name).isEqualTo(tensor.shape());
          if (model.graph().nodes().stream().anyMatch(node -> node.is("QuantizeLinear"))) {
            assertThat(sqnr(tensor, ours)).as(name).isGreaterThan(40);
            return;
          }
          for (long i = 0; i < tensor.size(); i++) {
            double theirs = tensor.getDouble(i);
            assertThat(Math.abs(ours.getDouble(i) - theirs))
                .as("%s[%d] %s", name, i, theirs)
                .isLessThan(1e-3 + 1e-3 * Math.abs(theirs));
          }
        });
      }
    }
  }

  /** The signal to noise ratio of a quantized model, where a value may fall on another step. */
  private static double sqnr(Tensor expected, Tensor actual) {
    double signal = 0;
    double noise = 0;
    for (long i = 0; i < expected.size(); i++) {
      double difference = expected.getDouble(i) - actual.getDouble(i);
      signal += expected.getDouble(i) * expected.getDouble(i);
      noise += difference * difference;
    }
    return 10 * Math.log10(signal / Math.max(noise, 1e-30));
  }

  private static void assertFits(String name, Value value, Map<String, Inferred> known) {
    Inferred inferred = known.getOrDefault(name, Inferred.UNKNOWN);
    if (value instanceof Tensor tensor && inferred.type() instanceof TensorType type) {
      assertThat(type.dtype()).as(name).isEqualTo(tensor.dtype());
      List<Dim> dims = type.dims();
      if (dims != null) {
        assertThat(dims.size()).as(name).isEqualTo(tensor.shape().rank());
        for (int axis = 0; axis < dims.size(); axis++) {
          Long size = dims.get(axis).sizeOrNull();
          if (size != null) {
            assertThat(tensor.shape().dim(axis)).as(name + " " + type).isEqualTo(size);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void damagedModel_runsOrGivesACleanError(Path file) throws Exception {
    byte[] whole = Files.readAllBytes(file);
    Map<String, Tensor> inputs = inputs(OnnxCodec.read(file));
    SplittableRandom random = new SplittableRandom(file.getFileName().hashCode());
    SessionOptions options = new SessionOptions(1, 256L << 20);
    for (int i = 0; i < 25; i++) {
      byte[] damaged = whole.clone();
      for (int flips = 0; flips < 4; flips++) {
        damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
      }
      long start = cpuNanos();
      try (Session session = Session.create(OnnxCodec.read(damaged), options)) {
        session.run(inputs);
      } catch (OnnxFormatException | GraphException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
      assertThat(cpuNanos() - start).isLessThan(MOST_CPU_NANOS);
    }
  }

  /**
   * Computing time of this thread, which runs the session alone: other load does not lengthen it.
   */
  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }
}

package io.compresso.evaluate;

import io.compresso.data.SampleDigits;
import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.graph.Annotations;
import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.graph.Graph;
import io.compresso.graph.GraphException;
import io.compresso.graph.Model;
import io.compresso.graph.Node;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Trains the sample model: a residual convolutional network that reads the drawings of {@link
 * SampleDigits}, {@code float[N,1,28,28]} from 0 to 1 to ten scores.
 *
 * <p>No gradient is needed. Filters are drawn from He's distribution ("Delving Deep into
 * Rectifiers", arXiv 1502.01852), batch normalization takes its statistics from the training images
 * layer by layer, and the classifier is the closed-form solution of ridge regression on the
 * features, an extreme learning machine (Huang et al., Neurocomputing 70, 2006).
 */
public final class SampleModel {
  private static final int BATCH = 100;
  private static final int STATISTICS_IMAGES = 200;
  private static final double RIDGE = 1e-2;
  private static final float EPSILON = 1e-5f;

  private final SampleDigits digits;
  private final Random random;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, Tensor> initializers = new LinkedHashMap<>();

  private SampleModel(SampleDigits digits, long seed) {
    this.digits = digits;
    this.random = new Random(seed);
  }

  /** The model trained on {@code digits}; the same arguments give the same model. */
  public static Model train(SampleDigits digits, long seed) {
    SampleModel sample = new SampleModel(digits, seed);
    String value = sample.convolution("conv1", "image", 1, 32, 5);
    value = sample.pool("pool1", "MaxPool", sample.relu("relu1", value), 2, 2);
    value = sample.relu("relu2", sample.convolution("conv2", value, 32, 64, 3));
    String shortcut = value;
    value = sample.convolution("conv3", value, 64, 64, 3);
    value = sample.node("add3", "Add", List.of(value, shortcut), Map.of());
    value = sample.pool("pool3", "MaxPool", sample.relu("relu3", value), 2, 2);
    value = sample.relu("relu4", sample.convolution("conv4", value, 64, 128, 3));
    value = sample.pool("pool4", "AveragePool", value, 3, 2);
    value = sample.node("flatten", "Flatten", List.of(value), Map.of("axis", Attribute.of(1L)));
    return sample.classifier(value);
  }

  private String node(
      String name, String opType, List<String> inputs, Map<String, Attribute> attributes) {
    String output = name + ".out";
    nodes.add(Node.of(name, opType, inputs, List.of(output), attributes));
    return output;
  }

  private String relu(String name, String input) {
    return node(name, "Relu", List.of(input), Map.of());
  }

  private String pool(String name, String opType, String input, int kernel, int stride) {
    return node(
        name,
        opType,
        List.of(input),
        Map.of(
            "kernel_shape", Attribute.ints(kernel, kernel),
            "strides", Attribute.ints(stride, stride)));
  }

  /** A convolution that keeps the size, and its batch normalization. */
  private String convolution(String name, String input, int in, int out, int kernel) {
    float[] weights = new float[out * in * kernel * kernel];
    double deviation = Math.sqrt(2.0 / (in * kernel * kernel));
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) (deviation * random.nextGaussian());
    }
    initializers.put(name + ".weight", Tensor.ofFloats(Shape.of(out, in, kernel, kernel), weights));
    int pad = kernel / 2;
    String convolved =
        node(
            name,
            "Conv",
            List.of(input, name + ".weight"),
            Map.of(
                "kernel_shape", Attribute.ints(kernel, kernel),
                "pads", Attribute.ints(pad, pad, pad, pad)));
    float[][] statistics = statistics(convolved, out);
    String[] parameters = {"scale", "bias", "mean", "var"};
    List<String> inputs = new ArrayList<>(List.of(convolved));
    for (int i = 0; i < parameters.length; i++) {
      String parameter = name + ".norm." + parameters[i];
      initializers.put(parameter, Tensor.ofFloats(Shape.of(out), statistics[i]));
      inputs.add(parameter);
    }
    return node(
        name + ".norm", "BatchNormalization", inputs, Map.of("epsilon", Attribute.of(EPSILON)));
  }

  /** Scale 1, bias 0, and mean and variance of each channel of {@code value} over images. */
  private float[][] statistics(String value, int channels) {
    float[][] statistics = new float[4][channels];
    java.util.Arrays.fill(statistics[0], 1);
    double[] sum = new double[channels];
    double[] squares = new double[channels];
    long[] count = new long[1];
    int images = Math.min(STATISTICS_IMAGES, digits.count());
    forEachBatch(
        value,
        images,
        (_, tensor) -> {
          float[] elements = tensor.toFloats();
          int plane = (int) tensor.shape().size(2, tensor.shape().rank());
          for (int i = 0; i < elements.length; i++) {
            int channel = i / plane % channels;
            sum[channel] += elements[i];
            squares[channel] += (double) elements[i] * elements[i];
          }
          count[0] += elements.length / channels;
        });
    for (int c = 0; c < channels; c++) {
      double mean = sum[c] / count[0];
      statistics[2][c] = (float) mean;
      statistics[3][c] = (float) Math.max(0, squares[c] / count[0] - mean * mean);
    }
    return statistics;
  }

  private Model classifier(String features) {
    RidgeRegression[] regression = new RidgeRegression[1];
    forEachBatch(
        features,
        digits.count(),
        (first, tensor) -> {
          int width = Math.toIntExact(tensor.shape().dim(1));
          if (regression[0] == null) {
            regression[0] = new RidgeRegression(width, SampleDigits.CLASSES);
          }
          float[] elements = tensor.toFloats();
          double[] target = new double[SampleDigits.CLASSES];
          double[] row = new double[width];
          for (int i = 0; i < tensor.shape().dim(0); i++) {
            for (int j = 0; j < width; j++) {
              row[j] = elements[i * width + j];
            }
            java.util.Arrays.fill(target, 0);
            target[digits.label(first + i)] = 10;
            regression[0].add(row, target);
          }
        });
    RidgeRegression.Solution solution = regression[0].solve(RIDGE);
    int width = solution.weights().length / SampleDigits.CLASSES;
    initializers.put(
        "fc.weight", Tensor.ofFloats(Shape.of(width, SampleDigits.CLASSES), solution.weights()));
    initializers.put(
        "fc.bias", Tensor.ofFloats(Shape.of(SampleDigits.CLASSES), solution.intercepts()));
    nodes.add(
        Node.of(
            "fc", "Gemm", List.of(features, "fc.weight", "fc.bias"), List.of("scores"), Map.of()));
    return model("scores", List.of(Dim.symbol("N"), Dim.of(SampleDigits.CLASSES)));
  }

  private Model model(String output, @Nullable List<Dim> outputDims) {
    int side = SampleDigits.SIDE;
    ValueInfo image =
        new ValueInfo(
            "image",
            new ValueType.TensorType(
                DType.FLOAT, List.of(Dim.symbol("N"), Dim.of(1), Dim.of(side), Dim.of(side))));
    Graph graph =
        new Graph(
            "sample-digits",
            List.of(image),
            List.of(new ValueInfo(output, new ValueType.TensorType(DType.FLOAT, outputDims))),
            nodes,
            initializers,
            Map.of(),
            Annotations.NONE);
    return new Model(
        8,
        Map.of("", 17),
        new Model.Producer("compresso", "", "", 0),
        graph,
        List.of(),
        Annotations.NONE);
  }

  /** What receives a value computed on a batch that begins at image {@code first}. */
  private interface BatchConsumer {
    void accept(int first, Tensor value);
  }

  private void forEachBatch(String value, int images, BatchConsumer consumer) {
    Model model = model(value, null);
    try (Session session = Session.create(model, SessionOptions.DEFAULT)) {
      for (int first = 0; first < images; first += BATCH) {
        Tensor batch = batch(first, Math.min(BATCH, images - first));
        if (!(session.run(Map.of("image", batch)).get(value) instanceof Tensor tensor)) {
          throw new GraphException("value '" + value + "' is not a tensor");
        }
        consumer.accept(first, tensor);
      }
    }
  }

  private Tensor batch(int first, int count) {
    int side = SampleDigits.SIDE;
    float[] pixels = new float[count * side * side];
    for (int i = 0; i < count; i++) {
      byte[] image = digits.pixels(first + i);
      for (int j = 0; j < image.length; j++) {
        pixels[i * image.length + j] = (image[j] & 0xFF) / 255f;
      }
    }
    return Tensor.ofFloats(Shape.of(count, 1, side, side), pixels);
  }
}

package io.compresso.evaluate;

import io.compresso.data.Batch;
import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DatasetSchema.LabelSchema;
import io.compresso.data.Label;
import io.compresso.data.LabelKind;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Holds a model's outputs against labels, batch by batch. */
final class Scorer {
  private final LabelSchema label;
  private final @Nullable String wanted;
  private @Nullable String output;
  private @Nullable Meter meter;
  private long samples;

  Scorer(LabelSchema label, @Nullable String wanted) {
    this.label = label;
    this.wanted = wanted;
  }

  /** What one kind of label is measured by. */
  interface Meter {
    /** Adds a sample: {@code width} elements of {@code scores} from {@code from}. */
    void add(Tensor scores, long from, Label label);

    void figures(Map<String, Double> metrics);
  }

  void add(Map<String, Value> outputs, Batch batch) {
    String name = output;
    if (name == null) {
      name = choose(outputs, batch.size());
      output = name;
    }
    if (!(outputs.get(name) instanceof Tensor scores)) {
      throw new DataException(
          Code.BINDING, "output '" + name + "'", "is not a tensor that labels can be held against");
    }
    int width = width(scores, batch.size());
    Meter own = meter;
    if (own == null) {
      own = meter(name, width, scores.dtype().isFloat());
      meter = own;
    }
    for (int i = 0; i < batch.count(); i++) {
      Label expected = batch.labels().get(i);
      if (expected != null) {
        own.add(scores, (long) i * width, expected);
        samples++;
      }
    }
  }

  Accuracy result(String runtime) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    if (meter != null) {
      meter.figures(metrics);
    }
    return new Accuracy(runtime, output == null ? "" : output, samples, metrics);
  }

  private static int width(Tensor scores, int batch) {
    return scores.size() % batch == 0 ? Math.toIntExact(scores.size() / batch) : 0;
  }

  /** The first output of real numbers, or null. */
  static @Nullable String firstReal(Map<String, Value> outputs) {
    for (Map.Entry<String, Value> entry : outputs.entrySet()) {
      if (entry.getValue() instanceof Tensor tensor && Evaluator.isReal(tensor.dtype())) {
        return entry.getKey();
      }
    }
    return null;
  }

  private String choose(Map<String, Value> outputs, int batch) {
    if (wanted != null) {
      if (!outputs.containsKey(wanted)) {
        throw new DataException(
            Code.BINDING,
            "output '" + wanted + "'",
            "the model has no such output; it has " + String.join(", ", outputs.keySet()));
      }
      return wanted;
    }
    String index = null;
    for (Map.Entry<String, Value> entry : outputs.entrySet()) {
      if (entry.getValue() instanceof Tensor tensor && Evaluator.isReal(tensor.dtype())) {
        int width = width(tensor, batch);
        if (tensor.dtype().isFloat() && fits(width)) {
          return entry.getKey();
        }
        if (index == null && width == 1 && label.kind() == LabelKind.CLASS) {
          index = entry.getKey();
        }
      }
    }
    if (index != null) {
      return index;
    }
    throw new DataException(
        Code.BINDING,
        "label '" + label.name() + "'",
        "no output fits labels of %d %s; the model gives %s for a batch of %d"
            .formatted(
                label.size(),
                label.kind() == LabelKind.REGRESSION ? "targets" : "classes",
                outputs,
                batch));
  }

  private boolean fits(int width) {
    return switch (label.kind()) {
      case CLASS -> width >= Math.max(2, label.size()) || (width == 1 && label.size() <= 2);
      case REGRESSION, MULTI_LABEL -> width == label.size();
    };
  }

  private Meter meter(String name, int width, boolean scores) {
    boolean index = label.kind() == LabelKind.CLASS && width == 1 && !scores;
    if (!index && !fits(width)) {
      throw new DataException(
          Code.BINDING,
          "output '" + name + "'",
          "gives %d elements for each sample, the labels have %d".formatted(width, label.size()));
    }
    return switch (label.kind()) {
      case CLASS -> index ? new IndexMeter(label.size()) : new ClassMeter(width, label.size());
      case REGRESSION -> new RegressionMeter(width);
      case MULTI_LABEL -> new MultiLabelMeter(width);
    };
  }

  static void put(Map<String, Double> metrics, String name, @Nullable Double value) {
    if (value != null && Double.isFinite(value)) {
      metrics.put(name, value);
    }
  }
}

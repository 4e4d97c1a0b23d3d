package io.compresso.evaluate;

import io.compresso.data.Batch;
import io.compresso.data.Binding;
import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.Dataset;
import io.compresso.data.DatasetSchema.LabelSchema;
import io.compresso.graph.GraphException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs models over data sets and measures what they give. Samples stream through: memory goes with
 * a batch, not with the data.
 */
public final class Evaluator {
  private Evaluator() {}

  /**
   * The accuracy of a model on labelled data.
   *
   * @throws DataException if the data does not fit the model's inputs, has no labels, or labels
   *     that the output cannot mean
   */
  public static Accuracy accuracy(Runner runner, Dataset dataset, EvaluationOptions options) {
    LabelSchema label = dataset.schema().label();
    if (label == null) {
      throw new DataException(
          Code.BINDING, "label", "the data set has no labels to measure accuracy by");
    }
    Scorer scorer = new Scorer(label, options.output());
    forEachBatch(runner, dataset, options, batch -> scorer.add(runner.run(batch.inputs()), batch));
    return scorer.result(runner.runtime());
  }

  /**
   * A model held against its parent, both in the same runtime, sample by sample. Without labels
   * only the outputs are compared.
   *
   * @throws DataException if the data does not fit the inputs of both, or the labels do not fit the
   *     outputs
   */
  public static Comparison compare(
      Runner parent, Runner child, Dataset dataset, EvaluationOptions options) {
    LabelSchema label = dataset.schema().label();
    Scorer ofParent = label == null ? null : new Scorer(label, options.output());
    Scorer ofChild = label == null ? null : new Scorer(label, options.output());
    Binding childBinding = Binding.of(dataset.schema(), child.inputs(), options.fields());
    Agreement agreement = new Agreement();
    Map<String, OutputErrorMeter> errors = new LinkedHashMap<>();
    forEachBatch(
        parent,
        dataset,
        options,
        batch -> {
          Map<String, Value> expected = parent.run(batch.inputs());
          Map<String, Value> actual = child.run(inputsFor(childBinding, dataset, batch));
          if (ofParent != null && ofChild != null) {
            ofParent.add(expected, batch);
            ofChild.add(actual, batch);
          }
          agreement.add(options.output(), expected, actual, batch.count());
          for (Map.Entry<String, Value> output : expected.entrySet()) {
            compareOutput(output.getKey(), output.getValue(), actual, batch, errors);
          }
        });
    List<OutputError> outputs = new ArrayList<>();
    errors.forEach((name, meter) -> outputs.add(meter.result(name)));
    return new Comparison(
        parent.runtime(),
        dataset.size(),
        ofParent == null ? null : ofParent.result(parent.runtime()),
        ofChild == null ? null : ofChild.result(child.runtime()),
        agreement.result(),
        outputs);
  }

  /** The batch for the child: the parent's own where the child takes the same. */
  private static Map<String, Tensor> inputsFor(Binding binding, Dataset dataset, Batch batch) {
    boolean same =
        binding.bounds().stream()
            .allMatch(bound -> {
              Tensor tensor = batch.inputs().get(bound.input().name());
              return tensor != null && tensor.dtype() == bound.input().dtype();
            });
    if (same && binding.bounds().size() == batch.inputs().size()) {
      return batch.inputs();
    }
    return binding.batch(dataset, batch.from(), batch.size()).inputs();
  }

  private static void compareOutput(
      String name,
      Value expected,
      Map<String, Value> actual,
      Batch batch,
      Map<String, OutputErrorMeter> errors) {
    if (!(expected instanceof Tensor parent) || !isReal(parent.dtype())) {
      return;
    }
    if (!(actual.get(name) instanceof Tensor child) || child.size() != parent.size()) {
      throw new GraphException(
          "output '"
              + name
              + "' of the model has not the shape of its parent's: "
              + actual.get(name)
              + " where "
              + parent
              + " is expected");
    }
    errors
        .computeIfAbsent(name, _ -> new OutputErrorMeter())
        .add(parent, child, valid(parent, batch));
  }

  /** The number of leading elements that belong to samples that count. */
  private static long valid(Tensor output, Batch batch) {
    boolean batched =
        batch.size() > 1 && output.shape().rank() > 0 && output.shape().dim(0) == batch.size();
    return batched ? output.size() / batch.size() * batch.count() : output.size();
  }

  static boolean isReal(DType dtype) {
    return dtype != DType.STRING && dtype != DType.COMPLEX64 && dtype != DType.COMPLEX128;
  }

  /**
   * Gives all samples to {@code consumer} in batches as large as the model takes and the options
   * say. A model whose batch dimension is free but whose inside is made for one sample gets one.
   */
  private static void forEachBatch(
      Runner runner, Dataset dataset, EvaluationOptions options, Consumer<Batch> consumer) {
    Binding binding = Binding.of(dataset.schema(), runner.inputs(), options.fields());
    int size = usableBatch(runner, dataset, binding, options.batchSize());
    binding.forEachBatch(
        dataset,
        size,
        batch -> {
          consumer.accept(batch);
          options.progress().done(batch.from() + batch.count(), dataset.size());
        });
  }

  private static int usableBatch(Runner runner, Dataset dataset, Binding binding, int preferred) {
    if (binding.fixedBatch().isPresent() || preferred == 1 || dataset.size() == 1) {
      return preferred;
    }
    Batch batch = binding.batch(dataset, 0, preferred);
    try {
      Map<String, Value> outputs = runner.run(batch.inputs());
      boolean batched =
          outputs.values().stream()
              .anyMatch(value ->
                  value instanceof Tensor tensor
                      && tensor.shape().rank() > 0
                      && tensor.shape().dim(0) == batch.size());
      return batched ? preferred : 1;
    } catch (GraphException | PeerException _) {
      return 1;
    }
  }

  /** Counts samples for which two models have the largest score at the same place. */
  private static final class Agreement {
    private long samples;
    private long agreed;

    void add(
        @Nullable String output,
        Map<String, Value> expected,
        Map<String, Value> actual,
        int count) {
      String name = output != null ? output : Scorer.firstReal(expected);
      if (name == null
          || !(expected.get(name) instanceof Tensor parent)
          || !(actual.get(name) instanceof Tensor child)
          || parent.size() != child.size()) {
        return;
      }
      long batch =
          parent.shape().rank() > 1 && parent.shape().dim(0) >= count ? parent.shape().dim(0) : 1;
      long width = parent.size() / Math.max(1, batch);
      boolean index = width == 1 && !parent.dtype().isFloat();
      if (width < 2 && !index) {
        return;
      }
      for (int i = 0; i < Math.min(count, batch); i++) {
        samples++;
        boolean same =
            index
                ? parent.getLong(i) == child.getLong(i)
                : largest(parent, i * width, width) == largest(child, i * width, width);
        agreed += same ? 1 : 0;
      }
    }

    private static long largest(Tensor tensor, long from, long width) {
      long best = 0;
      for (long k = 1; k < width; k++) {
        best = tensor.getDouble(from + k) > tensor.getDouble(from + best) ? k : best;
      }
      return best;
    }

    @Nullable Double result() {
      return samples == 0 ? null : (double) agreed / samples;
    }
  }
}

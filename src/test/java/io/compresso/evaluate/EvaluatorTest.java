package io.compresso.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.compresso.data.Binding.ModelInput;
import io.compresso.data.DataException;
import io.compresso.data.Dataset;
import io.compresso.data.DatasetSchema;
import io.compresso.data.DatasetSchema.Field;
import io.compresso.data.DatasetSchema.LabelSchema;
import io.compresso.data.Label;
import io.compresso.data.LabelKind;
import io.compresso.data.Sample;
import io.compresso.graph.GraphException;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EvaluatorTest {
  /** Samples that are the rows of {@code rows}. */
  private record Rows(float[][] rows, LabelKind kind, int labelSize, List<Label> labels)
      implements Dataset {
    @Override
    public DatasetSchema schema() {
      List<String> names = IntStream.range(0, labelSize).mapToObj(Integer::toString).toList();
      return new DatasetSchema(
          List.of(new Field("x", DType.FLOAT, Shape.of(rows[0].length))),
          labels.isEmpty() ? null : new LabelSchema(kind, "y", labelSize, names));
    }

    @Override
    public long size() {
      return rows.length;
    }

    @Override
    public Sample get(long index) {
      float[] row = rows[(int) index];
      return new Sample(Map.of("x", Tensor.ofFloats(Shape.of(row.length), row)), label(index));
    }

    @Override
    public @Nullable Label label(long index) {
      return labels.isEmpty() ? null : labels.get((int) index);
    }

    @Override
    public void close() {}
  }

  /** Gives its input back, times {@code factor}, under the name {@code y}. */
  private static class Echo implements Runner {
    final List<Long> batches = new ArrayList<>();
    final long width;
    final long batch;
    final float factor;

    Echo(long batch, long width, float factor) {
      this.batch = batch;
      this.width = width;
      this.factor = factor;
    }

    @Override
    public String runtime() {
      return "echo";
    }

    @Override
    public List<ModelInput> inputs() {
      return List.of(new ModelInput("x", DType.FLOAT, List.of(batch, width)));
    }

    @Override
    public List<String> outputs() {
      return List.of("y");
    }

    @Override
    public Map<String, Value> run(Map<String, ? extends Value> inputs) {
      if (!(inputs.get("x") instanceof Tensor x)) {
        throw new GraphException("no x");
      }
      batches.add(x.shape().dim(0));
      Tensor y = x.copy();
      for (long i = 0; i < y.size(); i++) {
        y.setFloat(i, y.getFloat(i) * factor);
      }
      return Map.of("y", y);
    }

    @Override
    public void close() {}
  }

  private static Label[] classes(int... indices) {
    return IntStream.of(indices).mapToObj(Label.ClassIndex::new).toArray(Label[]::new);
  }

  private static Rows classified(int labelSize, float[][] rows, int... indices) {
    return new Rows(rows, LabelKind.CLASS, labelSize, List.of(classes(indices)));
  }

  private static final float[][] SEVEN = {
    {9, 1, 2, 3, 4, 5, 6}, {1, 9, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 6, 7}, {7, 6, 5, 4, 3, 2, 1}
  };

  @Test
  void topOneAndFive_countTheRankOfTheLabel() {
    Rows data = classified(7, SEVEN, 0, 1, 2, 6);
    Accuracy accuracy = Evaluator.accuracy(new Echo(-1, 7, 1), data, EvaluationOptions.DEFAULT);
    assertThat(accuracy.metrics()).containsEntry("top1", 0.5).containsEntry("top5", 0.75);
    assertThat(accuracy.samples()).isEqualTo(4);
    assertThat(accuracy.output()).isEqualTo("y");
  }

  @Test
  void equalScores_countTheFirst() {
    float[][] rows = {{1, 1, 1}, {1, 1, 1}};
    assertThat(
            Evaluator.accuracy(
                    new Echo(-1, 3, 1), classified(3, rows, 0, 1), EvaluationOptions.DEFAULT)
                .metrics())
        .containsEntry("top1", 0.5);
  }

  @Test
  void scoresThatAreNoNumbers_areWrong() {
    float nan = Float.NaN;
    float[][] rows = {{nan, nan}, {nan, 1}};
    assertThat(
            Evaluator.accuracy(
                    new Echo(-1, 2, 1), classified(2, rows, 0, 0), EvaluationOptions.DEFAULT)
                .metrics())
        .containsEntry("top1", 0.0);
  }

  @Test
  void twoClasses_haveBinaryF1AndArea() {
    float[][] rows = {{0.9f, 0.1f}, {0.6f, 0.4f}, {0.65f, 0.35f}, {0.2f, 0.8f}};
    Map<String, Double> metrics =
        Evaluator.accuracy(
                new Echo(-1, 2, 1), classified(2, rows, 0, 0, 1, 1), EvaluationOptions.DEFAULT)
            .metrics();
    assertThat(metrics).containsEntry("top1", 0.75).containsEntry("auc", 0.75);
    assertThat(metrics.get("f1")).isEqualTo(2 / 3.0, within(1e-12));
    assertThat(metrics.get("f1Macro")).isEqualTo((2 / 3.0 + 0.8) / 2, within(1e-12));
  }

  @Test
  void singleScore_isHeldAgainstItsThreshold() {
    float[][] probabilities = {{0.2f}, {0.7f}, {0.4f}};
    float[][] logits = {{-3}, {2}, {0.4f}};
    assertThat(
            Evaluator.accuracy(
                    new Echo(-1, 1, 1),
                    classified(2, probabilities, 0, 1, 1),
                    EvaluationOptions.DEFAULT)
                .metrics()
                .get("top1"))
        .isEqualTo(2 / 3.0, within(1e-12));
    assertThat(
            Evaluator.accuracy(
                    new Echo(-1, 1, 1), classified(2, logits, 0, 1, 1), EvaluationOptions.DEFAULT)
                .metrics()
                .get("top1"))
        .isEqualTo(1.0);
  }

  @Test
  void regression_hasErrorsAndDetermination() {
    float[][] rows = {{1}, {2}, {4}};
    List<Label> targets =
        List.of(
            new Label.Targets(new float[] {1}),
            new Label.Targets(new float[] {3}),
            new Label.Targets(new float[] {5}));
    Map<String, Double> metrics =
        Evaluator.accuracy(
                new Echo(-1, 1, 1),
                new Rows(rows, LabelKind.REGRESSION, 1, targets),
                EvaluationOptions.DEFAULT)
            .metrics();
    assertThat(metrics.get("mae")).isEqualTo(2 / 3.0, within(1e-9));
    assertThat(metrics.get("mse")).isEqualTo(2 / 3.0, within(1e-9));
    assertThat(metrics.get("rmse")).isEqualTo(Math.sqrt(2 / 3.0), within(1e-9));
    assertThat(metrics.get("r2")).isEqualTo(1 - 2 / 8.0, within(1e-9));
  }

  @Test
  void multiLabel_hasMicroAndMacroF1() {
    float[][] rows = {{0.9f, 0.2f}, {0.8f, 0.7f}};
    List<Label> labels =
        List.of(
            new Label.Classes(new boolean[] {true, false}),
            new Label.Classes(new boolean[] {false, true}));
    Map<String, Double> metrics =
        Evaluator.accuracy(
                new Echo(-1, 2, 1),
                new Rows(rows, LabelKind.MULTI_LABEL, 2, labels),
                EvaluationOptions.DEFAULT)
            .metrics();
    assertThat(metrics.get("f1")).isEqualTo(0.8, within(1e-12));
    assertThat(metrics.get("f1Macro")).isEqualTo((2 / 3.0 + 1) / 2, within(1e-12));
    assertThat(metrics.get("auc")).isEqualTo(1.0);
  }

  @Test
  void fixedBatch_doesNotCountItsFilling() {
    Echo echo = new Echo(3, 7, 1);
    Accuracy accuracy =
        Evaluator.accuracy(echo, classified(7, SEVEN, 0, 1, 2, 6), EvaluationOptions.DEFAULT);
    assertThat(accuracy.samples()).isEqualTo(4);
    assertThat(accuracy.metrics()).containsEntry("top1", 0.5);
    assertThat(echo.batches).containsExactly(3L, 3L);
  }

  @Test
  void modelMadeForOneSample_getsOneAtATime() {
    Echo echo =
        new Echo(-1, 7, 1) {
          @Override
          public Map<String, Value> run(Map<String, ? extends Value> inputs) {
            if (inputs.get("x") instanceof Tensor x && x.shape().dim(0) > 1) {
              throw new GraphException("reshape to [1, 7] fails");
            }
            return super.run(inputs);
          }
        };
    Accuracy accuracy =
        Evaluator.accuracy(echo, classified(7, SEVEN, 0, 1, 2, 6), EvaluationOptions.DEFAULT);
    assertThat(accuracy.metrics()).containsEntry("top1", 0.5);
    assertThat(echo.batches).containsOnly(1L).hasSize(4);
  }

  @Test
  void labelsThatNoOutputCanMean_areRefused() {
    assertThatThrownBy(() ->
            Evaluator.accuracy(
                new Echo(-1, 7, 1), classified(9, SEVEN, 0, 1, 2, 8), EvaluationOptions.DEFAULT))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("label 'y': no output fits labels of 9 classes");
    assertThatThrownBy(() ->
            Evaluator.accuracy(
                new Echo(-1, 7, 1),
                classified(7, SEVEN, 0, 1, 2, 3),
                new EvaluationOptions(8, "z", Map.of(), (_, _) -> {})))
        .hasMessage("output 'z': the model has no such output; it has y");
    assertThatThrownBy(() ->
            Evaluator.accuracy(
                new Echo(-1, 7, 1),
                new Rows(SEVEN, LabelKind.CLASS, 0, List.of()),
                EvaluationOptions.DEFAULT))
        .hasMessageContaining("no labels");
  }

  @Test
  void comparison_hasAccuracyAgreementAndError() {
    List<Long> progress = new ArrayList<>();
    Comparison comparison =
        Evaluator.compare(
            new Echo(-1, 7, 1),
            new Echo(-1, 7, 0.9f),
            classified(7, SEVEN, 0, 1, 2, 6),
            new EvaluationOptions(3, null, Map.of(), (done, _) -> progress.add(done)));
    assertThat(comparison.agreement()).isEqualTo(1.0);
    assertThat(comparison.parent()).isEqualTo(comparison.child());
    assertThat(comparison.outputs()).hasSize(1);
    assertThat(comparison.outputs().getFirst().sqnrDb()).isEqualTo(20, within(1e-4));
    assertThat(comparison.outputs().getFirst().elements()).isEqualTo(28);
    assertThat(progress).containsExactly(3L, 4L);
  }

  @Test
  void comparisonWithoutLabels_stillComparesOutputs() {
    Comparison comparison =
        Evaluator.compare(
            new Echo(3, 7, 1),
            new Echo(3, 7, -1),
            new Rows(SEVEN, LabelKind.CLASS, 0, List.of()),
            EvaluationOptions.DEFAULT);
    assertThat(comparison.parent()).isNull();
    assertThat(comparison.agreement()).isEqualTo(0.0);
    assertThat(comparison.outputs().getFirst().elements()).isEqualTo(28);
  }

  @Test
  void childWithAnotherOutput_isRefused() {
    Echo child =
        new Echo(-1, 7, 1) {
          @Override
          public Map<String, Value> run(Map<String, ? extends Value> inputs) {
            return Map.of("y", Tensor.scalar(1f));
          }
        };
    assertThatThrownBy(() ->
            Evaluator.compare(
                new Echo(-1, 7, 1),
                child,
                new Rows(SEVEN, LabelKind.CLASS, 0, List.of()),
                EvaluationOptions.DEFAULT))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("output 'y' of the model has not the shape of its parent's");
  }
}

package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.kernel.NormProblem;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The axes from {@code axis} on divided by their root mean square, as ONNX Runtime's optimizer
 * saves it in ONNX's own domain; also gives the inverse of the root mean square.
 */
class SimplifiedLayerNormalization implements Operator {
  @Override
  public final String opType() {
    return "SimplifiedLayerNormalization";
  }

  @Override
  public List<Integer> versions() {
    return List.of(1);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      List<Inferred> outputs = new ArrayList<>();
      outputs.add(Dims.tensor(context.dtype(1), dims));
      if (dims != null) {
        int axis = Dims.axis(context, context.node().intAttribute("axis", -1), dims.size());
        dims = new ArrayList<>(dims);
        for (int i = axis; i < dims.size(); i++) {
          dims.set(i, Dim.of(1));
        }
      }
      DType stash = ElementTypes.of(context.node(), "stash_type", DType.FLOAT);
      for (int i = 1; i < context.node().outputs().size(); i++) {
        outputs.add(Inferred.tensor(stash, dims));
      }
      return outputs;
    };
  }

  @Override
  public @Nullable Lowered lower(LoweringContext context) {
    Shape shape = context.input(0).shape();
    if (context.outputOrNull(1) != null) {
      return null;
    }
    int axis = shape.normalizeAxis(context.node().intAttribute("axis", -1));
    return LayerNormalization.normalization(
        context,
        NormProblem.Kind.RMS,
        shape.size(0, axis),
        shape.size(axis, shape.rank()),
        new LayerNormalization.Parameters(1, -1, -1, 1e-5f));
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.activation());
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(SimplifiedLayerNormalization::run);
  }

  private static List<Tensor> run(OpContext context) {
    Shape shape = context.tensor(0).shape();
    int axis = LayerNormalization.axis(context, shape);
    double[] scale = LayerNormalization.repeated(context, context.tensor(1), shape, axis);
    double[] values = Reals.doubles(context.tensor(0));
    int length = Math.toIntExact(shape.size(axis, shape.rank()));
    double epsilon = context.node().floatAttribute("epsilon", 1e-5f);
    double[] inverse = RMSNormalization.normalize(values, length, scale, epsilon);
    List<Tensor> outputs = new ArrayList<>();
    outputs.add(Reals.tensor(context, context.tensor(1).dtype(), shape, values));
    if (context.node().outputs().size() > 1) {
      long[] dims = shape.dims();
      Arrays.fill(dims, axis, dims.length, 1);
      DType stash = ElementTypes.of(context.node(), "stash_type", DType.FLOAT);
      outputs.add(Reals.tensor(context, stash, Shape.of(dims), inverse));
    }
    return outputs;
  }
}

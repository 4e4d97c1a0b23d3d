package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The inputs' features side by side as floats, each cut or filled with zeros to its length. */
final class FeatureVectorizer extends MlOperator {
  @Override
  public String opType() {
    return "FeatureVectorizer";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      long[] sizes = context.node().intsAttribute("inputdimensions", new long[0]);
      long total = Arrays.stream(sizes).sum();
      return List.of(
          Inferred.tensor(
              DType.FLOAT,
              List.of(MlAttributes.rows(context), total < 0 ? Dim.UNKNOWN : Dim.of(total))));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    long[] sizes = MlAttributes.ints(context.node(), "inputdimensions", context.inputCount());
    long total = 0;
    for (long size : sizes) {
      if (size < 0 || size > Integer.MAX_VALUE) {
        throw context.error("attribute 'inputdimensions' holds " + size);
      }
      total += size;
    }
    int rows = MlAttributes.rows(context, context.tensor(0));
    Tensor y = context.allocate(DType.FLOAT, Shape.of(rows, total));
    long offset = 0;
    for (int input = 0; input < sizes.length; input++) {
      Tensor x = context.tensor(input);
      if (MlAttributes.rows(context, x) != rows) {
        throw context.error("input " + input + " " + x.shape() + " has not " + rows + " samples");
      }
      long width = x.shape().dim(-1);
      for (long row = 0; row < rows; row++) {
        for (long i = 0; i < Math.min(width, sizes[input]); i++) {
          y.setDouble(row * total + offset + i, x.getDouble(row * width + i));
        }
      }
      offset += sizes[input];
    }
    return y;
  }
}

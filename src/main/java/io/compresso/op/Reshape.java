package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The same elements under another shape; 0 keeps the input's dimension (unless {@code allowzero}),
 * one -1 is inferred. The result shares the input's memory.
 */
final class Reshape extends StandardOperator {
  Reshape() {
    super("Reshape", 1, 5, 13, 14, 19, 21, 23, 24, 25);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> target =
          context.opset() < 5
              ? Arrays.stream(context.node().intsAttribute("shape", new long[0]))
                  .mapToObj(Dim::of)
                  .toList()
              : Dims.elements(context, 1);
      if (target == null) {
        Integer rank = Dims.length(context, 1);
        return List.of(Dims.tensor(context.dtype(0), rank == null ? null : Dims.unknown(rank)));
      }
      return List.of(Dims.tensor(context.dtype(0), resolve(context, context.dims(0), target)));
    };
  }

  private static List<Dim> resolve(
      ShapeContext context, @Nullable List<Dim> input, List<Dim> target) {
    boolean allowZero = context.node().intAttribute("allowzero", 0) != 0;
    List<Dim> result = new ArrayList<>();
    int wildcard = -1;
    for (int i = 0; i < target.size(); i++) {
      Dim dim = target.get(i);
      Long size = dim.sizeOrNull();
      if (size == null) {
        result.add(dim);
      } else if (size == -1) {
        if (wildcard >= 0) {
          throw context.error("shape has more than one -1");
        }
        wildcard = i;
        result.add(Dim.UNKNOWN);
      } else if (size == 0 && !allowZero) {
        result.add(input == null || i >= input.size() ? Dim.UNKNOWN : input.get(i));
      } else if (size < 0) {
        throw context.error("shape holds " + size);
      } else {
        result.add(dim);
      }
    }
    if (wildcard >= 0 && input != null) {
      List<Dim> left = new ArrayList<>(input);
      List<Dim> right = new ArrayList<>(result);
      right.remove(wildcard);
      right.removeIf(left::remove);
      Dim over = Dims.product(left);
      Dim under = Dims.product(right);
      Long a = over.sizeOrNull();
      Long b = under.sizeOrNull();
      if (a != null && b != null && b > 0) {
        if (a % b != 0) {
          throw context.error("input of " + input + " does not reshape to " + target);
        }
        result.set(wildcard, Dim.of(a / b));
      } else if (b != null && b == 1) {
        result.set(wildcard, over);
      } else if (b != null && b > 0) {
        result.set(wildcard, symbolBy(left, b));
      }
    }
    if (input != null && wildcard < 0) {
      Long given = Dims.product(input).sizeOrNull();
      Long made = Dims.product(result).sizeOrNull();
      if (given != null && made != null && !given.equals(made)) {
        throw context.error("input of " + input + " does not reshape to " + target);
      }
    }
    return result;
  }

  /** The only symbol among {@code dims} if the sizes beside it make {@code divisor}. */
  private static Dim symbolBy(List<Dim> dims, long divisor) {
    List<Dim> sizes = new ArrayList<>(dims);
    List<Dim> symbols = dims.stream().filter(dim -> !(dim instanceof Dim.Fixed)).toList();
    sizes.removeAll(symbols);
    Long product = Dims.product(sizes).sizeOrNull();
    return symbols.size() == 1
            && symbols.getFirst() instanceof Dim.Symbol symbol
            && product != null
            && product == divisor
        ? symbol
        : Dim.UNKNOWN;
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      long[] target =
          context.opset() < 5
              ? context.node().intsAttribute("shape", new long[0])
              : context.tensor(1).toLongs();
      boolean allowZero = context.node().intAttribute("allowzero", 0) != 0;
      long known = 1;
      int wildcard = -1;
      for (int i = 0; i < target.length; i++) {
        if (target[i] == 0 && !allowZero) {
          if (i >= x.shape().rank()) {
            throw context.error("shape has 0 at " + i + " but the input is " + x);
          }
          target[i] = x.shape().dim(i);
        }
        if (target[i] == -1) {
          if (wildcard >= 0) {
            throw context.error("shape has more than one -1");
          }
          wildcard = i;
        } else {
          known *= target[i];
        }
      }
      if (wildcard >= 0) {
        if (known == 0 || x.size() % known != 0) {
          throw context.error(x + " does not reshape to " + Arrays.toString(target));
        }
        target[wildcard] = x.size() / known;
      }
      Shape shape = Axes.shape(context, target);
      if (shape.size() != x.size()) {
        throw context.error(x + " does not reshape to " + shape);
      }
      return List.of(x.reshape(shape));
    });
  }

  @Override
  public Lowered lower(LoweringContext context) {
    return Lowered.view();
  }

  @Override
  public Optional<QuantRule> quantRule() {
    return Optional.of(QuantRule.passThrough());
  }
}

package io.compresso.kernel;

import io.compresso.tensor.DType;
import java.util.List;
import java.util.Set;

/**
 * One step of a stretch of recurrent cells, after the products, in floats. ONNX {@code LSTM} and
 * {@code GRU} (with {@code linear_before_reset}) define the arithmetic and the order of the gates.
 *
 * <ul>
 *   <li>The input is what the state before gives to the gates, {@code [rows, gates, columns]}.
 *   <li>The second operand is what the data gives to them, {@code [rows, gates, columns]}.
 *   <li>The third operand is what cells keep, {@code [rows, width]}: the cell state before of LSTM,
 *       the state before of GRU.
 *   <li>The output is {@code [rows, width]} states, for LSTM then {@code [rows, width]} cell
 *       states, then {@code width} floats, of which element {@code first} becomes the greatest
 *       magnitude of the states that were written; NaN if one of them is. Elements of other cells
 *       are left as they are.
 * </ul>
 *
 * @param rows sequences
 * @param width all cells of a sequence
 * @param first the first cell of the stretch
 * @param columns cells of the stretch
 * @param functions the activations in the order of ONNX, each one of {@link #FUNCTIONS}
 */
public record CellProblem(
    Kind kind, int rows, int width, int first, int columns, List<UnaryFunction> functions)
    implements Problem {
  /** The activations that there are. */
  public static final Set<UnaryFunction> FUNCTIONS =
      Set.of(UnaryFunction.SIGMOID, UnaryFunction.TANH, UnaryFunction.RELU);

  /** What the cells are. */
  public enum Kind {
    /** Gates input, output, forget, cell; {@code c = f * c + i * g(x)}, {@code h = o * h(c)}. */
    LSTM(4, 3, 2),
    /**
     * Gates update, reset, candidate; {@code h = (1 - z) * n + z * h} with {@code n = g(data + r *
     * product)}.
     */
    GRU(3, 2, 1);

    private final int gates;
    private final int functions;
    private final int states;

    Kind(int gates, int functions, int states) {
      this.gates = gates;
      this.functions = functions;
      this.states = states;
    }

    /** Gates of a cell. */
    public int gates() {
      return gates;
    }

    /** Arrays of a float a cell that the output begins with. */
    public int states() {
      return states;
    }
  }

  public CellProblem {
    functions = List.copyOf(functions);
    Sizes.require("rows", rows);
    Sizes.require("width", width);
    Sizes.require("first", first);
    Sizes.require("columns", columns);
    if (first > width - columns || columns == 0 && width > 0) {
      throw new IllegalArgumentException(
          "cells %d to %d of %d".formatted(first, (long) first + columns, width));
    }
    if (functions.size() != kind.functions || !FUNCTIONS.containsAll(functions)) {
      throw new IllegalArgumentException(
          "%s takes %d functions of %s, not %s"
              .formatted(kind, kind.functions, FUNCTIONS, functions));
    }
  }

  @Override
  public KernelFamily family() {
    return KernelFamily.CELL;
  }

  /** Floats of an array of a float a cell. */
  public long cells() {
    return (long) rows * width;
  }

  /** Where the greatest magnitude goes, in bytes of the output. */
  public long magnitudeAt() {
    return DType.FLOAT.bytes(kind.states * cells() + first);
  }

  @Override
  public long inputBytes() {
    return DType.FLOAT.bytes((long) rows * kind.gates * columns);
  }

  @Override
  public long secondBytes() {
    return inputBytes();
  }

  @Override
  public long thirdBytes() {
    return DType.FLOAT.bytes(cells());
  }

  @Override
  public long outputBytes() {
    return DType.FLOAT.bytes(kind.states * cells() + width);
  }
}

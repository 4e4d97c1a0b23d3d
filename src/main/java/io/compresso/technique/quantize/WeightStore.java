package io.compresso.technique.quantize;

import io.compresso.graph.Node;
import io.compresso.technique.NativeMemory;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Quantized int8 weights of a model's layers, each made once for all variants of the model. */
final class WeightStore {
  /** What quantized weights depend on. */
  record Key(String weights, int axis, float[] scales) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Key(String w, int a, float[] s)
          && w.equals(weights)
          && a == axis
          && Arrays.equals(s, scales);
    }

    @Override
    public int hashCode() {
      return 31 * weights.hashCode() + axis + Arrays.hashCode(scales);
    }
  }

  private final WeightQuantizer quantizer;
  private final Rounding rounding;
  private final @Nullable InputGrams grams;
  private final Map<Key, WeightQuantizer.Quantized> done = new HashMap<>();

  /**
   * An empty store.
   *
   * @param grams of the layers' inputs, null to round to nearest
   */
  WeightStore(WeightQuantizer quantizer, Rounding rounding, @Nullable InputGrams grams) {
    this.quantizer = quantizer;
    this.rounding = rounding;
    this.grams = grams;
  }

  boolean perChannel() {
    return quantizer.perChannel();
  }

  /** The weights of a layer. */
  WeightQuantizer.Quantized get(Node node, Tensor weights, Key key) {
    WeightQuantizer.Quantized known = done.get(key);
    if (known == null) {
      known = quantize(node, weights, key);
      done.put(key, known);
      NativeMemory.reclaimIfGrown();
    }
    return known;
  }

  private WeightQuantizer.Quantized quantize(Node node, Tensor weights, Key key) {
    WeightQuantizer.Quantized plain =
        quantizer.quantize(weights.toFloats(), weights.shape(), key.axis(), key.scales());
    float[][] own = grams == null ? null : grams.of(node);
    if (own == null) {
      return plain;
    }
    WeightMatrix matrix = WeightMatrix.of(node, weights);
    float[] scales = new float[matrix.rows()];
    float[] known = plain.params().scales();
    for (int row = 0; row < scales.length; row++) {
      scales[row] = known[known.length == 1 ? 0 : row];
    }
    Grid grid = Grid.byRow(scales, matrix.depth(), quantizer.limit());
    int[] integers = rounding.round(matrix, grid, own);
    byte[] values = new byte[integers.length];
    for (int row = 0; row < matrix.rows(); row++) {
      for (int k = 0; k < matrix.depth(); k++) {
        values[matrix.index(row, k)] = (byte) integers[row * matrix.depth() + k];
      }
    }
    return new WeightQuantizer.Quantized(
        Tensor.ofBytes(DType.INT8, weights.shape(), values), plain.params());
  }
}

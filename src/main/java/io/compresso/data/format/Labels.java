package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DatasetSchema.LabelSchema;
import io.compresso.data.Label;
import io.compresso.data.LabelKind;
import io.compresso.data.LabelSpec;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import java.util.stream.IntStream;

/**
 * The labels of a data set.
 *
 * @param at the label of a sample
 */
public record Labels(LabelSchema schema, LongFunction<Label> at) {
  private static final int MAX_CLASSES = 1_000_000;
  private static final int MAX_NAMED_CLASSES = 65_536;

  /** Labels held by an array: of classes, of names of classes, one-hot, multi-label or targets. */
  static Labels of(ArrayData array, LabelSpec spec) {
    long width = array.sampleShape().size();
    if (array.dtype() == DType.STRING) {
      if (width != 1) {
        throw malformed(array.name(), "text labels must be one for each sample");
      }
      return named(array, spec);
    }
    if (array.dtype() == DType.COMPLEX64 || array.dtype() == DType.COMPLEX128) {
      throw malformed(array.name(), "labels cannot be of type " + array.dtype());
    }
    if (width < 1 || width > MAX_CLASSES) {
      throw malformed(array.name(), "labels cannot have shape " + array.sampleShape());
    }
    LabelKind kind = spec.kind() == null ? guess(array, width) : spec.kind();
    return switch (kind) {
      case CLASS -> width == 1 ? indices(array, spec) : oneHot(array, spec, (int) width);
      case REGRESSION ->
          new Labels(
              new LabelSchema(kind, array.name(), (int) width, List.of()),
              i -> new Label.Targets(array.sample(i).toFloats()));
      case MULTI_LABEL ->
          new Labels(
              new LabelSchema(kind, array.name(), (int) width, names(spec, (int) width)),
              i -> new Label.Classes(present(array.sample(i))));
    };
  }

  private static LabelKind guess(ArrayData array, long width) {
    if (array.dtype().isFloat()) {
      return LabelKind.REGRESSION;
    }
    if (width == 1) {
      return LabelKind.CLASS;
    }
    for (long i = 0; i < array.count(); i++) {
      double sum = 0;
      for (long k = 0; k < width; k++) {
        sum += Math.abs(array.numberAt(i, k));
      }
      if (sum != 1) {
        return LabelKind.MULTI_LABEL;
      }
    }
    return LabelKind.CLASS;
  }

  private static boolean[] present(Tensor row) {
    boolean[] present = new boolean[(int) row.size()];
    for (int k = 0; k < present.length; k++) {
      present[k] = row.getDouble(k) != 0;
    }
    return present;
  }

  private static Labels named(ArrayData array, LabelSpec spec) {
    if (spec.kind() != null && spec.kind() != LabelKind.CLASS) {
      throw malformed(array.name(), "text labels are classes, not " + spec.kind());
    }
    List<String> names =
        spec.classes().isEmpty() ? array.distinctTexts(MAX_NAMED_CLASSES) : spec.classes();
    Map<String, Integer> indices = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      indices.put(names.get(i), i);
    }
    for (long i = 0; i < array.count(); i++) {
      if (!indices.containsKey(array.textAt(i))) {
        throw new DataException(
            Code.MALFORMED,
            array.name() + ", sample " + i,
            "the label '" + array.textAt(i) + "' is none of the declared classes " + names);
      }
    }
    return new Labels(
        new LabelSchema(LabelKind.CLASS, array.name(), names.size(), names),
        i -> new Label.ClassIndex(indices.getOrDefault(array.textAt(i), -1)));
  }

  private static Labels indices(ArrayData array, LabelSpec spec) {
    long largest = 0;
    int declared = spec.classes().size();
    for (long i = 0; i < array.count(); i++) {
      double value = array.numberAt(i, 0);
      if (value != Math.rint(value) || value < 0 || value >= MAX_CLASSES) {
        throw new DataException(
            Code.MALFORMED,
            array.name() + ", sample " + i,
            "the label " + value + " is no class index; for regression declare label.kind");
      }
      if (declared > 0 && value >= declared) {
        throw new DataException(
            Code.MALFORMED,
            array.name() + ", sample " + i,
            "the label " + (long) value + " is outside the " + declared + " declared classes");
      }
      largest = Math.max(largest, (long) value);
    }
    int count = declared > 0 ? declared : (int) largest + 1;
    return new Labels(
        new LabelSchema(LabelKind.CLASS, array.name(), count, names(spec, count)),
        i -> new Label.ClassIndex((int) array.numberAt(i, 0)));
  }

  private static Labels oneHot(ArrayData array, LabelSpec spec, int width) {
    return new Labels(
        new LabelSchema(LabelKind.CLASS, array.name(), width, names(spec, width)),
        i -> {
          int best = 0;
          for (int k = 1; k < width; k++) {
            best = array.numberAt(i, k) > array.numberAt(i, best) ? k : best;
          }
          return new Label.ClassIndex(best);
        });
  }

  private static List<String> names(LabelSpec spec, int count) {
    if (spec.classes().isEmpty()) {
      return IntStream.range(0, count).mapToObj(Integer::toString).toList();
    }
    if (spec.classes().size() != count) {
      throw new DataException(
          Code.INVALID_SPEC,
          "label.classes",
          spec.classes().size() + " names for " + count + " classes");
    }
    return spec.classes();
  }

  private static DataException malformed(String where, String message) {
    return new DataException(Code.MALFORMED, where, message);
  }
}

package io.compresso.technique;

import io.compresso.data.DatasetSchema.LabelSchema;
import io.compresso.data.LabelKind;
import io.compresso.engine.ShapeInference;
import io.compresso.graph.Dim;
import io.compresso.graph.Model;
import io.compresso.graph.ValueInfo;
import io.compresso.graph.ValueType.TensorType;
import io.compresso.op.Inferred;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds labels that cannot mean a model's outputs, and metrics that labels cannot give. */
final class LabelCheck {
  private static final Set<String> ERRORS = Set.of("mae", "mse", "rmse", "r2");
  private static final Set<String> RANKED = Set.of("top1", "top5");

  private LabelCheck() {}

  /** Whether the metric can be told from labels of that kind. */
  static boolean gives(LabelKind kind, String metric) {
    return switch (kind) {
      case CLASS -> !ERRORS.contains(metric);
      case MULTI_LABEL -> !ERRORS.contains(metric) && !RANKED.contains(metric);
      case REGRESSION -> ERRORS.contains(metric) || metric.equals("agreement");
    };
  }

  /**
   * Whether some output may be held against the labels. An output whose shape is not known before a
   * run may.
   */
  static boolean fits(Model model, LabelSchema label) {
    Map<String, Inferred> inferred = ShapeInference.infer(model);
    for (ValueInfo output : model.graph().outputs()) {
      Inferred known = inferred.getOrDefault(output.name(), Inferred.of(output.type()));
      if (mayFit(known, label)) {
        return true;
      }
    }
    return false;
  }

  private static boolean mayFit(Inferred output, LabelSchema label) {
    if (!(output.type() instanceof TensorType(var _, var dims))
        || dims == null
        || dims.size() < 2) {
      return true;
    }
    long sample = product(dims.subList(1, dims.size()));
    long whole = product(dims);
    if (sample < 0) {
      return true;
    }
    return widthFits(sample, label) || (whole >= 0 && widthFits(whole, label));
  }

  private static boolean widthFits(long width, LabelSchema label) {
    return label.kind() == LabelKind.CLASS
        ? width == 1 || width >= label.size()
        : width == label.size();
  }

  /** The number of elements, -1 when a dimension is not known. */
  private static long product(List<Dim> dims) {
    long product = 1;
    for (Dim dim : dims) {
      Long size = dim.sizeOrNull();
      if (size == null) {
        return -1;
      }
      product *= size;
    }
    return product;
  }
}

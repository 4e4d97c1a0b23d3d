package io.compresso.op;

import io.compresso.graph.Attribute;
import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Removes stop words from a vector of strings and changes the case of the others. */
final class StringNormalizer extends StandardOperator {
  StringNormalizer() {
    super("StringNormalizer", 10);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      if (dims == null) {
        return List.of(Inferred.tensor(DType.STRING, null));
      }
      List<Dim> result = new ArrayList<>(dims);
      if (!result.isEmpty()) {
        result.set(result.size() - 1, Dim.UNKNOWN);
      }
      return List.of(Inferred.tensor(DType.STRING, result));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Shape shape = x.shape();
      if (shape.rank() == 0 || shape.rank() > 2 || shape.rank() == 2 && shape.dim(0) != 1) {
        throw context.error(x + " is neither a vector nor one row");
      }
      boolean exact = context.node().intAttribute("is_case_sensitive", 0) != 0;
      String change = context.node().stringAttribute("case_change_action", "NONE");
      Set<String> stopWords = new HashSet<>();
      if (context.node().attributes().get("stopwords") instanceof Attribute.Strings(var words)) {
        for (byte[] word : words) {
          String text = new String(word, StandardCharsets.UTF_8);
          stopWords.add(exact ? text : text.toLowerCase(Locale.ROOT));
        }
      }
      List<byte[]> kept = new ArrayList<>();
      for (long i = 0; i < x.size(); i++) {
        String text = new String(x.getString(i), StandardCharsets.UTF_8);
        if (!stopWords.contains(exact ? text : text.toLowerCase(Locale.ROOT))) {
          kept.add(changed(context, text, change).getBytes(StandardCharsets.UTF_8));
        }
      }
      if (kept.isEmpty()) {
        kept.add(new byte[0]);
      }
      return List.of(Tensor.ofStrings(shape.with(-1, kept.size()), kept));
    });
  }

  private static String changed(OpContext context, String text, String change) {
    return switch (change) {
      case "NONE" -> text;
      case "LOWER" -> text.toLowerCase(Locale.ROOT);
      case "UPPER" -> text.toUpperCase(Locale.ROOT);
      default -> throw context.error("attribute 'case_change_action' is '" + change + "'");
    };
  }
}

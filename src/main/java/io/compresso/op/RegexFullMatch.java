package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Whether each string matches a pattern as a whole. */
final class RegexFullMatch extends StandardOperator {
  /** The longest string that is matched: Java's matcher may take time beyond linear. */
  private static final int LONGEST = 1 << 16;

  RegexFullMatch() {
    super("RegexFullMatch", 20);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.tensor(DType.BOOL, context.dims(0)));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      Pattern pattern;
      try {
        pattern = Pattern.compile(context.node().stringAttribute("pattern", ""));
      } catch (PatternSyntaxException e) {
        throw context.error("attribute 'pattern': " + e.getDescription());
      }
      Tensor y = context.allocate(DType.BOOL, x.shape());
      for (long i = 0; i < x.size(); i++) {
        String text = new String(x.getString(i), StandardCharsets.UTF_8);
        if (text.length() > LONGEST) {
          throw context.error("element " + i + " is longer than " + LONGEST + " characters");
        }
        y.setLong(i, pattern.matcher(text).matches() ? 1 : 0);
      }
      return List.of(y);
    });
  }
}

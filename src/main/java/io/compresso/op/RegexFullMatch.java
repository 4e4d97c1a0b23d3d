package io.compresso.op;

import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Whether each string matches a pattern as a whole. Java's matcher goes back where RE2 does not, so
 * the characters that it may look at are limited.
 */
final class RegexFullMatch extends StandardOperator {
  private static final long MOST_LOOKS = 20_000_000;

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
      Tensor y = context.allocate(DType.BOOL, x.shape());
      long element = 0;
      try {
        Pattern pattern = Pattern.compile(context.node().stringAttribute("pattern", ""));
        Looks looks = new Looks();
        for (; element < x.size(); element++) {
          String text = new String(x.getString(element), StandardCharsets.UTF_8);
          boolean matches = pattern.matcher(new Watched(text, looks)).matches();
          y.setLong(element, matches ? 1 : 0);
        }
      } catch (PatternSyntaxException e) {
        throw context.error("attribute 'pattern': " + e.getDescription());
      } catch (TooManyLooksException | StackOverflowError _) {
        throw context.error("attribute 'pattern' takes too long on element " + element);
      }
      return List.of(y);
    });
  }

  private static final class TooManyLooksException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** How many characters were looked at. */
  private static final class Looks {
    private long count;

    void take() {
      if (++count > MOST_LOOKS) {
        throw new TooManyLooksException();
      }
    }
  }

  private record Watched(CharSequence text, Looks looks) implements CharSequence {
    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      looks.take();
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return new Watched(text.subSequence(start, end), looks);
    }

    @Override
    public String toString() {
      return text.toString();
    }
  }
}

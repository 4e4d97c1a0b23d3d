package io.compresso.op;

import io.compresso.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * Scores {@code [N, V]} of the next token, with negative infinity for every token that would repeat
 * a run of {@code ngram_size} tokens of its sequence in {@code [N, L]}.
 */
final class NGramRepeatBlock extends MicrosoftOperator {
  @Override
  public String opType() {
    return "NGramRepeatBlock";
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> List.of(Inferred.of(context.input(1).type()));
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> List.of(run(context)));
  }

  private static Tensor run(OpContext context) {
    Tensor tokens = context.tensor(0);
    Tensor scores = context.tensor(1);
    long size = context.node().intAttribute("ngram_size", 0);
    if (size < 1) {
      throw context.error("attribute 'ngram_size' is " + size);
    }
    if (tokens.shape().rank() != 2
        || scores.shape().rank() != 2
        || tokens.shape().dim(0) != scores.shape().dim(0)) {
      throw context.error("tokens " + tokens.shape() + " with scores " + scores.shape());
    }
    Tensor y = context.allocateUncleared(scores.dtype(), scores.shape());
    StridedCopy.run(scores, 0, y, 0, scores.size());
    long length = tokens.shape().dim(1);
    long words = scores.shape().dim(1);
    for (long n = 0; n < tokens.shape().dim(0); n++) {
      for (long start = 0; start + size <= length; start++) {
        if (isRepeated(tokens, n * length + start, (n + 1) * length - size + 1, size - 1)) {
          long banned = tokens.getLong(n * length + start + size - 1);
          if (banned < 0 || banned >= words) {
            throw context.error("token " + banned + " is outside a vocabulary of " + words);
          }
          y.setDouble(n * words + banned, Double.NEGATIVE_INFINITY);
        }
      }
    }
    return y;
  }

  private static boolean isRepeated(Tensor tokens, long at, long last, long count) {
    for (long i = 0; i < count; i++) {
      if (tokens.getLong(at + i) != tokens.getLong(last + i)) {
        return false;
      }
    }
    return true;
  }
}

package io.compresso.op;

import io.compresso.graph.Dim;
import io.compresso.tensor.DType;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Splits each string at a delimiter, or at white space when there is none; pads with empty strings
 * to the longest and gives the numbers of parts.
 */
final class StringSplit extends StandardOperator {
  StringSplit() {
    super("StringSplit", 20);
  }

  @Override
  public ShapeRule shapeRule() {
    return context -> {
      List<Dim> dims = context.dims(0);
      List<Dim> parts = null;
      if (dims != null) {
        parts = new ArrayList<>(dims);
        parts.add(Dim.UNKNOWN);
      }
      return List.of(Inferred.tensor(DType.STRING, parts), Inferred.tensor(DType.INT64, dims));
    };
  }

  @Override
  public Optional<Reference> reference() {
    return Optional.of(context -> {
      Tensor x = context.tensor(0);
      String delimiter = context.node().stringAttribute("delimiter", "");
      long most = context.node().intAttribute("maxsplit", Long.MAX_VALUE);
      List<List<String>> all = new ArrayList<>();
      int longest = 0;
      Tensor counts = context.allocate(DType.INT64, x.shape());
      for (long i = 0; i < x.size(); i++) {
        String text = new String(x.getString(i), StandardCharsets.UTF_8);
        List<String> parts = delimiter.isEmpty() ? atSpace(text, most) : at(text, delimiter, most);
        all.add(parts);
        longest = Math.max(longest, parts.size());
        counts.setLong(i, parts.size());
      }
      long[] dims = Arrays.copyOf(x.shape().dims(), x.shape().rank() + 1);
      dims[dims.length - 1] = longest;
      Tensor y = context.allocate(DType.STRING, Axes.shape(context, dims));
      for (int i = 0; i < all.size(); i++) {
        for (int j = 0; j < all.get(i).size(); j++) {
          y.setString((long) i * longest + j, all.get(i).get(j).getBytes(StandardCharsets.UTF_8));
        }
      }
      return List.of(y, counts);
    });
  }

  private static List<String> at(String text, String delimiter, long most) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    int next = text.indexOf(delimiter);
    while (next >= 0 && parts.size() < most) {
      parts.add(text.substring(from, next));
      from = next + delimiter.length();
      next = text.indexOf(delimiter, from);
    }
    if (!text.isEmpty()) {
      parts.add(text.substring(from));
    }
    return parts;
  }

  private static List<String> atSpace(String text, long most) {
    List<String> parts = new ArrayList<>();
    String rest = text.strip();
    while (!rest.isEmpty()) {
      int end = 0;
      while (end < rest.length() && !Character.isWhitespace(rest.charAt(end))) {
        end++;
      }
      if (parts.size() >= most) {
        parts.add(rest);
        return parts;
      }
      parts.add(rest.substring(0, end));
      rest = rest.substring(end).strip();
    }
    return parts;
  }
}

package io.compresso.onnx;

import org.jspecify.annotations.Nullable;

/**
 * Where a message lies in a file. It is written out where there is something to say of it, as in
 * {@code graph.initializer[3] 'weights'.dims}.
 *
 * @param index which of the fields of that name, -1 where there is one only
 * @param name what the message calls itself, null where it does not say or it does not matter
 */
record Trail(@Nullable Trail parent, String field, int index, @Nullable String name) {
  /** The file itself. */
  static final Trail FILE = new Trail(null, "", -1, null);

  /** A field of the message. */
  Trail at(String step) {
    return new Trail(this, step, -1, null);
  }

  /** One of the fields of that name; -1 for the only one. */
  Trail at(String step, int which) {
    return new Trail(this, step, which, null);
  }

  /** The same place with the name of what lies there. */
  Trail named(String called) {
    return new Trail(parent, field, index, called);
  }

  @Override
  public String toString() {
    String step = index < 0 ? field : field + "[" + index + "]";
    String own = name == null ? step : step + " '" + name + "'";
    return parent == null || parent.field.isEmpty() ? own : parent + "." + own;
  }
}

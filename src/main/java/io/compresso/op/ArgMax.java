package io.compresso.op;

/** The index of the largest element along an axis: the first of them, or the last. */
final class ArgMax extends ArgReduction {
  ArgMax() {
    super("ArgMax", true, 1, 11, 12, 13);
  }
}

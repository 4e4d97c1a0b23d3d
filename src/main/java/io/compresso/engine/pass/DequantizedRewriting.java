package io.compresso.engine.pass;

/**
 * A rewriting of what is computed of dequantized values: there is none where none is dequantized.
 */
abstract class DequantizedRewriting extends Rewriting {
  DequantizedRewriting(String... starts) {
    super(starts);
  }

  @Override
  public final boolean concerns(GraphView view) {
    return view.holds("DequantizeLinear") && super.concerns(view);
  }
}

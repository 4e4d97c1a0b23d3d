package io.compresso.evaluate.bench;

import java.util.Locale;

/** Where shapes come from. */
public enum ShapeList {
  RESNET_50,
  MOBILENET_V2,
  SHUFFLENET_V2,
  BERT_BASE,
  LSTM,
  SQUARE;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}

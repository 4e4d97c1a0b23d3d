package io.compresso.data;

/** What kind of labels the samples of a data set have. */
public enum LabelKind {
  /** One class index for each sample: {@link Label.ClassIndex}. */
  CLASS,
  /** Real-valued targets: {@link Label.Targets}. */
  REGRESSION,
  /** Any number of classes: {@link Label.Classes}. */
  MULTI_LABEL
}

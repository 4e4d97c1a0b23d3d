package io.compresso.engine.pass;

import io.compresso.graph.Node;

/** Which convolutions get their channels last. */
public enum LayoutChoice {
  /** Those that are quicker so. */
  QUICKEST {
    @Override
    boolean wantsChannelsLast(GraphView view, Node node) {
      return ChannelsLastKernels.want(view, node);
    }
  },
  /** None. */
  CHANNELS_FIRST {
    @Override
    boolean wantsChannelsLast(GraphView view, Node node) {
      return false;
    }
  },
  /** All. */
  CHANNELS_LAST {
    @Override
    boolean wantsChannelsLast(GraphView view, Node node) {
      return ChannelsLastKernels.isChannelsFirst(node);
    }
  };

  abstract boolean wantsChannelsLast(GraphView view, Node node);
}

/**
 * Models as ONNX describes them: nodes, attributes, value types, and the passes that rewrite them.
 */
@NullMarked
package io.compresso.graph;

import org.jspecify.annotations.NullMarked;

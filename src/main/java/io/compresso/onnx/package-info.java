/** Reads and writes ONNX files; the only place that knows the wire format. */
@NullMarked
package io.compresso.onnx;

import org.jspecify.annotations.NullMarked;

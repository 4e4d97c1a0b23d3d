/** Classes generated from {@code src/main/proto}: ONNX's wire format. */
@NullMarked
package io.compresso.onnx.proto;

import org.jspecify.annotations.NullMarked;

package io.compresso.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NpyFilesTest {
  @TempDir Path folder;

  static Stream<Tensor> tensors() {
    return Stream.of(
        Tensor.scalar(3.5f),
        Tensor.ofFloats(Shape.of(2, 3), 1, 2, 3, 4, 5, Float.NaN),
        Tensor.ofLongs(Shape.of(3), Long.MIN_VALUE, 0, Long.MAX_VALUE),
        Tensor.ofBytes(DType.BOOL, Shape.of(1, 2), (byte) 1, (byte) 0),
        Tensor.ofDoubles(Shape.of(0, 4)));
  }

  @ParameterizedTest
  @MethodSource("tensors")
  void tensor_isTheSame_whenWrittenAndRead(Tensor tensor) throws Exception {
    Path file = folder.resolve("x.npy");
    NpyFiles.write(tensor, file);

    Tensor read = NpyFiles.read(file);

    assertThat(read.dtype()).isEqualTo(tensor.dtype());
    assertThat(read.shape()).isEqualTo(tensor.shape());
    assertThat(read.segment().mismatch(tensor.segment())).isEqualTo(-1);
    assertThat((Files.size(file) - tensor.byteSize()) % 64).isZero();
  }

  @Test
  void tensor_isTransposed_whenTheFileIsInFortranOrder() throws Exception {
    Path file = folder.resolve("x.npy");
    NpyFiles.write(Tensor.ofInts(Shape.of(2, 3), 1, 4, 2, 5, 3, 6), file);
    byte[] bytes = Files.readAllBytes(file);
    String header = new String(bytes, StandardCharsets.ISO_8859_1).replace("False", "True ");
    Files.write(file, header.getBytes(StandardCharsets.ISO_8859_1));

    assertThat(NpyFiles.read(file).toLongs()).containsExactly(1, 2, 3, 4, 5, 6);
  }

  @Test
  void write_refusesTypesThatNumPyHasNot() {
    Tensor tensor = Tensor.allocate(DType.BFLOAT16, Shape.of(2));

    assertThatThrownBy(() -> NpyFiles.write(tensor, folder.resolve("x.npy")))
        .hasMessageContaining("bfloat16");
    assertThatThrownBy(() ->
            NpyFiles.write(
                Tensor.ofStrings(Shape.of(1), List.of(new byte[] {65})), folder.resolve("y.npy")))
        .hasMessageContaining("string");
  }
}

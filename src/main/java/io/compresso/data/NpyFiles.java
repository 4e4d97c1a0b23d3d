package io.compresso.data;

import io.compresso.data.format.NpyFormat;
import io.compresso.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Single tensors in NumPy's NPY files. */
public final class NpyFiles {
  private NpyFiles() {}

  /**
   * The tensor in a file.
   *
   * @throws DataException if the file is not NPY, or holds what is no tensor
   */
  public static Tensor read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        Arena arena = Arena.ofConfined()) {
      return NpyFormat.readTensor(
          file.getFileName().toString(),
          channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
    }
  }

  /**
   * Writes a numeric or boolean tensor.
   *
   * @throws IllegalArgumentException if NumPy has no such element type
   */
  public static void write(Tensor tensor, Path file) throws IOException {
    byte[] header = NpyFormat.header(tensor.dtype(), tensor.shape());
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      channel.write(ByteBuffer.wrap(header));
      long chunk = 1 << 24;
      for (long from = 0; from < tensor.byteSize(); from += chunk) {
        ByteBuffer part =
            tensor
                .segment()
                .asSlice(from, Math.min(chunk, tensor.byteSize() - from))
                .asByteBuffer();
        while (part.hasRemaining()) {
          channel.write(part);
        }
      }
    }
  }
}

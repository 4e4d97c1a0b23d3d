package io.compresso.onnx;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.compresso.graph.GraphVerifier;
import io.compresso.graph.Model;
import io.compresso.onnx.proto.ModelProto;
import io.compresso.onnx.proto.OptionalProto;
import io.compresso.onnx.proto.SequenceProto;
import io.compresso.onnx.proto.SparseTensorProto;
import io.compresso.onnx.proto.TensorProto;
import io.compresso.tensor.OptionalValue;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.TensorSequence;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes ONNX models. A file is mapped, and the tensors of a model are views of the
 * mapping: they cost no heap, and the file must not be changed while the model is in use (replacing
 * it, as {@link #write(Model, Path)} does, is no change).
 *
 * <p>Nothing in a file is trusted: reading fails with {@link OnnxFormatException} or {@link
 * io.compresso.graph.GraphException}, and allocates nothing that the file's own size does not
 * justify.
 */
public final class OnnxCodec {
  private OnnxCodec() {}

  /**
   * Reads a model file, or an archive (zip, tar or tar.gz) that holds one model file and its
   * external data.
   *
   * @throws OnnxFormatException if the file is not an ONNX model
   * @throws io.compresso.graph.GraphException if the model's graph is wrong
   */
  public static Model read(Path file) throws IOException {
    return read(file, OnnxLimits.DEFAULT);
  }

  /** Reads a model file or archive within the given limits. */
  public static Model read(Path file, OnnxLimits limits) throws IOException {
    MemorySegment bytes = ExternalData.map(file);
    ModelArchive archive = ModelArchive.open(file, bytes, limits);
    if (archive != null) {
      return read(archive.model(), archive, limits);
    }
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null) {
      throw new IOException(file + " is not a file");
    }
    return read(bytes, ExternalData.inFolder(folder), limits);
  }

  /** Reads a model that lies in memory; its tensors may be views of that memory. */
  public static Model read(byte[] bytes) {
    return read(copy(bytes), ExternalData.NONE);
  }

  /**
   * Reads a model that lies in memory; its tensors may be views of that memory.
   *
   * @param bytes off-heap memory, which must stay as it is
   * @param external finds the files that hold tensors
   */
  public static Model read(MemorySegment bytes, ExternalData external) {
    return read(bytes, external, OnnxLimits.DEFAULT);
  }

  /** Reads a model that lies in memory, within the given limits. */
  public static Model read(MemorySegment bytes, ExternalData external, OnnxLimits limits) {
    ModelProto proto = parse(bytes, WireMessage.MODEL, ModelProto.parser(), limits);
    Model model = new ModelDecoder(new TensorDecoder(bytes, external, limits)).decode(proto);
    GraphVerifier.verify(model);
    return model;
  }

  /** Writes a model into one file, atomically. */
  public static void write(Model model, Path file) throws IOException {
    write(model, file, OnnxWriteOptions.EMBEDDED);
  }

  /**
   * Writes a model. External data goes into the file of the same name with {@code .data} behind it.
   *
   * @throws OnnxFormatException if what goes into the model file is larger than ONNX allows, 2 GB
   */
  public static void write(Model model, Path file, OnnxWriteOptions options) throws IOException {
    Path dataFile = file.resolveSibling(file.getFileName() + ".data");
    Path temporary = file.resolveSibling(file.getFileName() + ".part");
    Path temporaryData = file.resolveSibling(file.getFileName() + ".data.part");
    boolean external = options.externalThreshold() < Long.MAX_VALUE;
    try {
      if (external) {
        try (FileChannel channel =
            FileChannel.open(
                temporaryData,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
          DataWriter data =
              new DataWriter(
                  channel, dataFile.getFileName().toString(), options.externalThreshold());
          writeMessage(model, data, temporary);
          external = channel.size() > 0;
        }
      } else {
        writeMessage(model, null, temporary);
      }
      if (external) {
        Files.move(temporaryData, dataFile, StandardCopyOption.ATOMIC_MOVE);
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
      Files.deleteIfExists(temporaryData);
    }
  }

  private static void writeMessage(Model model, @Nullable DataWriter data, Path file)
      throws IOException {
    WireWriter.Prepared message = prepare(model, data);
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      BufferedSink sink = new BufferedSink(channel);
      message.writeTo(sink);
      sink.flush();
    }
  }

  private static WireWriter.Prepared prepare(Model model, @Nullable DataWriter data) {
    WireWriter writer = new WireWriter();
    WireWriter.Prepared message = writer.prepare(new ModelEncoder(writer, data).encode(model));
    if (message.size() > Integer.MAX_VALUE) {
      throw new OnnxFormatException(
          "",
          "the model takes %d bytes, more than a file may have: write its tensors as external data"
              .formatted(message.size()));
    }
    return message;
  }

  /**
   * The bytes of a model in one file.
   *
   * @throws OnnxFormatException if they are more than ONNX allows, 2 GB
   */
  public static byte[] write(Model model) {
    return toBytes(prepare(model, null));
  }

  private static byte[] toBytes(WireWriter.Prepared message) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(message.size())]);
    long[] at = {0};
    try {
      message.writeTo(piece -> {
        MemorySegment.copy(piece, 0, bytes, at[0], piece.byteSize());
        at[0] += piece.byteSize();
      });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return (byte[]) bytes.heapBase().orElseThrow();
  }

  /** Reads a {@code TensorProto}: a tensor in a file of its own, as in ONNX's test cases. */
  public static Tensor readTensor(byte[] bytes) {
    MemorySegment file = copy(bytes);
    return decoder(file)
        .decode(parse(file, WireMessage.TENSOR, TensorProto.parser()), Trail.FILE.at("tensor"));
  }

  /** The bytes of a {@code TensorProto}. */
  public static byte[] writeTensor(String name, Tensor tensor) {
    WireWriter writer = new WireWriter();
    return toBytes(
        writer.prepare(new ModelEncoder(writer, null).tensor(tensor).setName(name).build()));
  }

  /** Reads a {@code SequenceProto}. */
  public static TensorSequence readSequence(byte[] bytes) {
    MemorySegment file = copy(bytes);
    return new SequenceDecoder(decoder(file))
        .sequence(
            parse(file, WireMessage.SEQUENCE, SequenceProto.parser()), Trail.FILE.at("sequence"));
  }

  /** Reads an {@code OptionalProto}. */
  public static OptionalValue readOptional(byte[] bytes) {
    MemorySegment file = copy(bytes);
    return new SequenceDecoder(decoder(file))
        .optional(
            parse(file, WireMessage.OPTIONAL, OptionalProto.parser()), Trail.FILE.at("optional"));
  }

  /** The dense form of a sparse tensor whose elements are in the message. */
  static Tensor decodeSparse(SparseTensorProto proto) {
    MemorySegment file = copy(proto.toByteArray());
    SparseTensorProto scanned = parse(file, WireMessage.SPARSE_TENSOR, SparseTensorProto.parser());
    return decoder(file).decodeSparse(scanned, Trail.FILE.at("sparse_initializer"));
  }

  private static TensorDecoder decoder(MemorySegment file) {
    return new TensorDecoder(file, ExternalData.NONE, OnnxLimits.DEFAULT);
  }

  private static MemorySegment copy(byte[] bytes) {
    MemorySegment segment = Arena.ofAuto().allocate(Math.max(1, bytes.length), Tensor.ALIGNMENT);
    segment.copyFrom(MemorySegment.ofArray(bytes));
    return segment.asSlice(0, bytes.length).asReadOnly();
  }

  private static <M extends Message> M parse(
      MemorySegment file, WireMessage type, Parser<M> parser) {
    return parse(file, type, parser, OnnxLimits.DEFAULT);
  }

  private static <M extends Message> M parse(
      MemorySegment file, WireMessage type, Parser<M> parser, OnnxLimits limits) {
    if (file.byteSize() == 0) {
      throw new OnnxFormatException("", "the file is empty");
    }
    byte[] structure = WireScanner.scan(file, type, limits);
    CodedInputStream in = CodedInputStream.newInstance(structure);
    in.setRecursionLimit(limits.depth() + 2);
    try {
      return parser.parseFrom(in);
    } catch (InvalidProtocolBufferException e) {
      throw new OnnxFormatException("", "is not a " + type.name() + ": " + e.getMessage(), e);
    }
  }
}

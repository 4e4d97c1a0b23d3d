package io.compresso.engine.random;

import io.compresso.engine.Session;
import io.compresso.engine.SessionOptions;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.tensor.Value;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs random graphs node by node on the scalar kernels, in a process of its own, since the
 * instruction set is capped for a whole process.
 */
public final class ReferenceRuns {
  private ReferenceRuns() {}

  /** The outputs of the graphs from one seed to another, by seed. */
  public static Map<Long, Map<String, Tensor>> of(long from, long to)
      throws IOException, InterruptedException {
    Path file = Files.createTempFile("reference-runs", ".bin");
    try {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.add("--add-modules=jdk.incubator.vector");
      command.add("--enable-native-access=ALL-UNNAMED");
      command.add("-Dcompresso.isa=ref");
      command.add(ReferenceRuns.class.getName());
      command.addAll(List.of(Long.toString(from), Long.toString(to), file.toString()));
      ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
      builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
      if (builder.start().waitFor() != 0) {
        throw new IllegalStateException("the reference process failed");
      }
      return read(file);
    } finally {
      Files.delete(file);
    }
  }

  public static void main(String[] arguments) throws IOException {
    long from = Long.parseLong(arguments[0]);
    long to = Long.parseLong(arguments[1]);
    SessionOptions options = SessionOptions.DEFAULT.withThreads(1).withOptimised(false);
    try (DataOutputStream out =
        new DataOutputStream(
            new BufferedOutputStream(Files.newOutputStream(Path.of(arguments[2]))))) {
      for (long seed = from; seed < to; seed++) {
        RandomGraph graph = RandomGraph.of(seed);
        try (Session session = Session.create(graph.model(), options)) {
          Map<String, Value> outputs = session.run(graph.inputs());
          out.writeLong(seed);
          out.writeInt(outputs.size());
          for (Map.Entry<String, Value> output : outputs.entrySet()) {
            write(output.getKey(), (Tensor) output.getValue(), out);
          }
        } catch (RuntimeException e) {
          throw new IllegalStateException("seed " + seed + "\n" + graph.text(), e);
        }
      }
    }
  }

  private static void write(String name, Tensor tensor, DataOutputStream out) throws IOException {
    out.writeUTF(name);
    out.writeInt(tensor.dtype().code());
    out.writeInt(tensor.shape().rank());
    for (long dim : tensor.shape().dims()) {
      out.writeLong(dim);
    }
    out.write(tensor.segment().toArray(ValueLayout.JAVA_BYTE));
  }

  private static Map<Long, Map<String, Tensor>> read(Path file) throws IOException {
    Map<Long, Map<String, Tensor>> all = new HashMap<>();
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      while (in.available() > 0) {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        all.put(in.readLong(), outputs);
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
          outputs.put(in.readUTF(), tensor(in));
        }
      }
    }
    return all;
  }

  private static Tensor tensor(DataInputStream in) throws IOException {
    DType dtype = DType.ofCode(in.readInt());
    long[] dims = new long[in.readInt()];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = in.readLong();
    }
    Tensor tensor = Tensor.allocate(dtype, Shape.of(dims));
    tensor
        .segment()
        .copyFrom(MemorySegment.ofArray(in.readNBytes(Math.toIntExact(tensor.byteSize()))));
    return tensor;
  }
}

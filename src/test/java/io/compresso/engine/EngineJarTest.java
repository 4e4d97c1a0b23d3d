package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.graph.Model;
import io.compresso.graph.ValueType;
import io.compresso.onnx.OnnxCodec;
import io.compresso.onnx.proto.ModelProto;
import io.compresso.tensor.DType;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import io.compresso.testing.Graphs;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of the documentation, with nothing but the engine's jar and its two libraries. */
class EngineJarTest {
  @TempDir Path folder;

  @Test
  void example_runs_withTheEngineAlone() throws Exception {
    Path jar = jar();
    String classPath =
        String.join(
            java.io.File.pathSeparator,
            jar.toString(),
            codeSource(com.google.protobuf.Message.class).toString(),
            codeSource(org.jspecify.annotations.Nullable.class).toString());
    Path source = folder.resolve("Example.java");
    Files.writeString(source, example());
    compile(source, classPath);
    Path model = folder.resolve("model.onnx");
    OnnxCodec.write(model(), model);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                folder + java.io.File.pathSeparator + classPath,
                "Example",
                model.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    List<String> lines = output.lines().filter(line -> !line.startsWith("WARNING")).toList();
    assertThat(lines.subList(0, 2)).containsExactly("[4.0, 0.0]", "[4.0, 0.0]");
    assertThat(lines.subList(2, lines.size()))
        .isNotEmpty()
        .allSatisfy(line -> assertThat(line).contains(" by f"));
  }

  /** {@code relu(x . w)}. */
  private static Model model() {
    return Graphs.opset(17)
        .input("x", ValueType.tensor(DType.FLOAT, Shape.of(1, 3)))
        .constant("w", Tensor.ofFloats(Shape.of(3, 2), 1, 1, 0, 1, 1, -1))
        .node("p = MatMul x w")
        .node("y = Relu p")
        .output("y")
        .model();
  }

  private static String example() throws IOException {
    Matcher block =
        Pattern.compile("<!-- example -->\\s*```java\\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("src/docs/engine.md")));
    assertThat(block.find()).isTrue();
    return block.group(1);
  }

  private void compile(Path source, String classPath) {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    boolean compiled =
        compiler
            .getTask(
                messages,
                null,
                null,
                List.of("-cp", classPath, "-d", folder.toString(), "-proc:none"),
                null,
                compiler.getStandardFileManager(null, null, null).getJavaFileObjects(source))
            .call();
    assertThat(compiled).as(messages.toString()).isTrue();
  }

  /** The jar that the build makes: the classes that its configuration of the engine includes. */
  private Path jar() throws IOException {
    Matcher engine =
        Pattern.compile(
                "<classifier>engine</classifier>\\s*<includes>(.*?)</includes>", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("pom.xml")));
    assertThat(engine.find()).isTrue();
    List<String> packages =
        Pattern.compile("<include>(.*?)\\*\\*</include>")
            .matcher(engine.group(1))
            .results()
            .map(include -> include.group(1))
            .toList();
    assertThat(packages).isNotEmpty();
    Set<Path> roots =
        new TreeSet<>(List.of(codeSource(Session.class), codeSource(ModelProto.class)));
    Path jar = folder.resolve("engine.jar");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
      for (Path root : roots) {
        for (String name : packages) {
          add(root, root.resolve(name), out);
        }
      }
    }
    return jar;
  }

  private static void add(Path root, Path directory, JarOutputStream out) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      files
          .filter(Files::isRegularFile)
          .forEach(file -> {
            try {
              out.putNextEntry(new JarEntry(root.relativize(file).toString().replace('\\', '/')));
              Files.copy(file, out);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }

  private static Path codeSource(Class<?> type) {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (java.net.URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}

package io.compresso.kernel.jit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The bytes of instructions as an independent assembler writes them, in a file of the test
 * resources. With {@code -Dgolden.regenerate=true} the file is written anew first, in the project's
 * root, by the given tools of binutils.
 *
 * @param resource the file, one line {@code bytes TAB instruction} each
 * @param assembler the command of the assembler
 * @param objcopy the command that extracts the code
 * @param directives what the assembler is told before each instruction
 */
public record GoldenCode(String resource, String assembler, String objcopy, String directives) {
  /** The bytes of each instruction, in hexadecimal digits, in the file's order. */
  public Map<String, String> read(Collection<String> instructions) throws IOException {
    Path file = Path.of("src/test/resources" + resource);
    String text;
    if (Boolean.getBoolean("golden.regenerate")) {
      text = assemble(instructions);
      Files.writeString(file, text);
    } else {
      try (InputStream in = GoldenCode.class.getResourceAsStream(resource)) {
        assertThat(in).as(resource).isNotNull();
        text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      }
    }
    return text.lines()
        .map(line -> line.split("\t"))
        .collect(
            Collectors.toMap(
                fields -> fields[1], fields -> fields[0], (a, _) -> a, LinkedHashMap::new));
  }

  private String assemble(Collection<String> instructions) throws IOException {
    StringBuilder lines = new StringBuilder();
    Path source = Files.createTempFile("golden", ".s");
    Path object = Files.createTempFile("golden", ".o");
    Path binary = Files.createTempFile("golden", ".bin");
    for (String text : instructions) {
      Files.writeString(source, directives + "\n" + text + "\n");
      run(assembler, "-o", object.toString(), source.toString());
      run(objcopy, "-O", "binary", "-j", ".text", object.toString(), binary.toString());
      lines.append(HexFormat.of().formatHex(Files.readAllBytes(binary)));
      lines.append('\t').append(text).append('\n');
    }
    return lines.toString();
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).inheritIO().start();
    try {
      assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }
}

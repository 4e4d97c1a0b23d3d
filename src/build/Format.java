import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions.Style;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Checks ({@code --check}) or applies ({@code --apply}) google-java-format to a source tree. */
final class Format {
  public static void main(String[] args) throws Exception {
    boolean apply = args[0].equals("--apply");
    List<Path> sources;
    try (var tree = Files.walk(Path.of(args[1]))) {
      sources = tree.filter(path -> path.toString().endsWith(".java")).sorted().toList();
    }
    Formatter formatter = new Formatter();
    int different = 0;
    for (Path source : sources) {
      String before = Files.readString(source);
      String after =
          formatter.formatSource(
              ImportOrderer.reorderImports(
                  RemoveUnusedImports.removeUnusedImports(before), Style.GOOGLE));
      if (after.equals(before)) {
        continue;
      }
      different++;
      if (apply) {
        Files.writeString(source, after);
      } else {
        System.err.println("not formatted: " + source);
      }
    }
    if (different > 0 && !apply) {
      System.err.println("Run: mvn -Dformat process-sources");
      System.exit(1);
    }
  }
}

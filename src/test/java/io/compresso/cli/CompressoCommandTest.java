package io.compresso.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.data.NpyFiles;
import io.compresso.data.SampleDigits;
import io.compresso.evaluate.SampleModel;
import io.compresso.onnx.OnnxCodec;
import io.compresso.tensor.Shape;
import io.compresso.tensor.Tensor;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CompressoCommandTest {
  @TempDir static Path folder;
  private static Path model;
  private static Path data;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void makeSample() throws Exception {
    model = folder.resolve("digits.onnx");
    data = folder.resolve("digits.zip");
    OnnxCodec.write(SampleModel.train(new SampleDigits(300, 1), 1), model);
    new SampleDigits(120, 2).writeArchive(data);
  }

  private int run(String... arguments) {
    return CompressoCommand.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }

  @Test
  void quantize_writesASmallerModelAndItsReport() throws Exception {
    Path output = folder.resolve("int8.onnx");
    Path report = folder.resolve("report.json");

    int code =
        run(
            "quantize",
            model.toString(),
            "-o",
            output.toString(),
            "--calibration",
            data.toString(),
            "--select",
            "{to: 40}",
            "--eval",
            data.toString(),
            "--eval-select",
            "{from: 40}",
            "--json",
            report.toString());

    assertThat(code).as(err::toString).isZero();
    assertThat(Files.size(output)).isLessThan(Files.size(model) / 3);
    JsonNode json = JsonMapper.shared().readTree(Files.readString(report));
    assertThat(json.path("size").path("child").asLong()).isEqualTo(Files.size(output));
    assertThat(json.path("accuracy").get(0).path("samples").asLong()).isEqualTo(80);
    assertThat(out.toString()).contains("file size").contains("verdict:");
  }

  @Test
  void quantize_failsTheGate_whenAGoalCannotBeMet() throws Exception {
    Path page = folder.resolve("missed.html");
    int code =
        run(
            "quantize",
            model.toString(),
            "-o",
            folder.resolve("missed.onnx").toString(),
            "--calibration",
            data.toString(),
            "--select",
            "{to: 20}",
            "--eval",
            data.toString(),
            "--eval-select",
            "{from: 40, to: 60}",
            "--params",
            "{exclude: auto}",
            "--goals",
            "{accuracy: {metric: agreement, maxDrop: 0.5}, size: {maxRatio: 0.001}}",
            "--budget",
            "{maxTrials: 2, maxMinutes: 5}",
            "--report",
            page.toString());

    assertThat(code).as(err::toString).isEqualTo(QuantizeCommand.GATE_FAILED);
    assertThat(out.toString())
        .contains("gate: failed")
        .contains("goal size.maxRatio = 0.001 is missed")
        .contains("the best variants that were tried: 0 layers on 16-bit activations")
        .contains("the layers that hurt most, each compressed alone: ");
    assertThat(folder.resolve("missed.onnx")).isNotEmptyFile();
    assertThat(Files.readString(page))
        .startsWith("<!DOCTYPE html>")
        .contains("<h1>digits.onnx</h1>", "gate: failed", "</html>");
  }

  @Test
  void report_isOfTheFormThatItsNameSays() throws Exception {
    assertThat(ReportFile.form(Path.of("a.HTML"))).isEqualTo(ReportFile.Form.HTML);
    assertThat(ReportFile.form(Path.of("a.b.md"))).isEqualTo(ReportFile.Form.MARKDOWN);
    assertThat(ReportFile.form(Path.of("a.json"))).isEqualTo(ReportFile.Form.JSON);
    Path none = folder.resolve("never.onnx");
    int code = run("quantize", model.toString(), "-o", none.toString(), "--report", "report.pdf");
    assertThat(code).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("--report report.pdf: the name must end in .html, .md or");
    assertThat(none).doesNotExist();
  }

  @Test
  void goals_areRefused_byTheNameOfTheField() {
    String none = folder.resolve("never.onnx").toString();
    assertThat(
            run(
                "quantize",
                model.toString(),
                "-o",
                none,
                "--goals",
                "{accuracy: {metric: top1, maxDrop: 2}}"))
        .isEqualTo(1);
    assertThat(err.toString()).contains("goals.accuracy.maxDrop");
  }

  @Test
  void run_givesTheSameScores_inBothRuntimes() throws Exception {
    Path inputs = Files.createDirectory(folder.resolve("in"));
    Path outputs = folder.resolve("out");
    Path profile = folder.resolve("profile.json");
    NpyFiles.write(
        Tensor.ofFloats(Shape.of(1, 1, 28, 28), new float[784]), inputs.resolve("image.npy"));

    int code =
        run(
            "run",
            model.toString(),
            "--inputs",
            inputs.toString(),
            "--outputs",
            outputs.toString(),
            "--backend",
            "ours,ort",
            "--profile",
            profile.toString());

    assertThat(code).as(err::toString).isZero();
    assertThat(JsonMapper.shared().readTree(Files.readString(profile)))
        .extracting(row -> row.path("opType").asString())
        .contains("Conv", "MatMul");
    float[] ours = NpyFiles.read(outputs.resolve("ours/scores.npy")).toFloats();
    float[] theirs = NpyFiles.read(outputs.resolve("ort/scores.npy")).toFloats();
    assertThat(ours).hasSize(10);
    for (int i = 0; i < 10; i++) {
      assertThat(ours[i]).isCloseTo(theirs[i], org.assertj.core.data.Offset.offset(1e-3f));
    }
  }

  @Test
  void evaluate_measuresInBothRuntimes() {
    assertThat(run("evaluate", model.toString(), "--data", data.toString()))
        .as(err::toString)
        .isZero();
    assertThat(out.toString()).contains("compresso").contains("onnxruntime").contains("top1");
  }

  @Test
  void inspect_listsOperators() {
    assertThat(run("inspect", model.toString())).as(err::toString).isZero();
    assertThat(out.toString()).contains("Conv").contains("image float").contains("parameters");
  }

  @Test
  void advise_ranksTechniquesWithTheirSteps() {
    assertThat(run("advise", model.toString(), "--target", "x86-avx2")).as(err::toString).isZero();
    assertThat(out.toString())
        .contains("convolutional model")
        .contains("{\"quantize\":{\"mode\":\"static\"}}")
        .contains("estimates for x86-avx2");
  }

  @Test
  void techniques_listsEveryParameterWithItsDefault() {
    assertThat(run("techniques")).isZero();
    assertThat(out.toString())
        .contains("quantize")
        .contains("activations.observer")
        .contains("balanced");
  }

  @Test
  void failure_isOneLineThatNamesTheCause_whenTheFileIsNotAModel() throws Exception {
    Path broken = Files.writeString(folder.resolve("broken.onnx"), "no model");

    assertThat(run("inspect", broken.toString())).isEqualTo(1);
    assertThat(err.toString()).startsWith("compresso inspect: ").doesNotContain("\tat ");
    assertThat(run("inspect", folder.resolve("missing.onnx").toString())).isEqualTo(1);
    assertThat(err.toString()).contains("no such file");
  }

  @Test
  void usage_isExplained_whenAnOptionIsUnknown() {
    assertThat(run("inspect", "x.onnx", "--frobnicate")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("Unknown option").contains("--frobnicate");
  }
}

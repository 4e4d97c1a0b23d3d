package io.compresso.technique.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.technique.Report;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HtmlReportTest {
  private static Document parse(Report report) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
    DocumentBuilder builder = factory.newDocumentBuilder();
    return builder.parse(new InputSource(new StringReader(HtmlReport.of(report))));
  }

  private static List<Element> all(Document document, String element) {
    NodeList nodes = document.getElementsByTagName(element);
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      elements.add((Element) nodes.item(i));
    }
    return elements;
  }

  private static Element section(Document document, String id) {
    return all(document, "section").stream()
        .filter(section -> section.getAttribute("id").equals(id))
        .findFirst()
        .orElseThrow(() -> new AssertionError("there is no section " + id));
  }

  private static int count(Element within, String element, String style) {
    NodeList nodes = within.getElementsByTagName(element);
    int count = 0;
    for (int i = 0; i < nodes.getLength(); i++) {
      String own = ((Element) nodes.item(i)).getAttribute("class");
      count += List.of(own.split(" ")).contains(style) ? 1 : 0;
    }
    return count;
  }

  @Test
  void page_isWellFormed_andLoadsAndRunsNothing() throws Exception {
    Document document = parse(Reports.full("resnet", "conv1", "dense"));
    for (String element : List.of("script", "link", "img", "iframe", "object", "embed", "base")) {
      assertThat(all(document, element)).as(element).isEmpty();
    }
    assertThat(HtmlReport.of(Reports.full("resnet", "conv1", "dense")))
        .startsWith("<!DOCTYPE html>")
        .contains("prefers-color-scheme: dark")
        .doesNotContain("url(", "@import", "http:", "https:");
    assertThat(all(document, "h1").getFirst().getTextContent()).isEqualTo("resnet");
    assertThat(all(document, "a"))
        .allSatisfy(link -> section(document, link.getAttribute("href").substring(1)));
  }

  @Test
  void chart_hasATitleADescriptionAndATable() throws Exception {
    Document document = parse(Reports.full("j", "conv1", "dense"));
    List<Element> charts = all(document, "svg");
    assertThat(charts).hasSize(6);
    Set<String> ids = new HashSet<>();
    for (Element chart : charts) {
      assertThat(chart.getAttribute("role")).isEqualTo("img");
      for (String id : chart.getAttribute("aria-labelledby").split(" ")) {
        assertThat(ids.add(id)).as("id %s is there once", id).isTrue();
        assertThat(HtmlReport.of(Reports.full("j", "conv1", "dense")))
            .contains(" id=\"" + id + "\"");
      }
    }
    for (String id : List.of("layers", "operators", "weights", "variants")) {
      assertThat(section(document, id).getElementsByTagName("table").getLength())
          .as(id)
          .isPositive();
    }
  }

  @Test
  void layers_areSortedByHarm_andThoseInFloatAreHollow() throws Exception {
    Element section = section(parse(Reports.full("j", "conv1", "dense")), "layers");
    String text = section.getTextContent();
    assertThat(text.indexOf("dense")).isLessThan(text.indexOf("conv1"));
    assertThat(text).contains("21.8", "35.3", "+1.00", "-0.50", "Hollow bars", "left in float");
    assertThat(count(section, "rect", "left")).isEqualTo(2);
    assertThat(count(section, "rect", "worse")).isEqualTo(1);
    assertThat(count(section, "rect", "better")).isEqualTo(1);
  }

  @Test
  void histogram_hasABarForEachFullBin() throws Exception {
    Element section = section(parse(Reports.full("j", "conv1", "dense")), "weights");
    assertThat(count(section, "rect", "before")).isEqualTo(3);
    assertThat(count(section, "path", "outline")).isEqualTo(1);
    assertThat(section.getTextContent())
        .contains("conv1", "40.5 dB", "-0.500", "0.250", "400", "399")
        .doesNotContain("dense");
  }

  @Test
  void histograms_ofTheLayersThatHurtLeastAreFolded_andTheirNumberIsBounded() throws Exception {
    List<Report.Layer> layers = new ArrayList<>();
    for (int i = 0; i < 70; i++) {
      layers.add(
          new Report.Layer(
              "layer" + i, "Conv", "int8", 9, 70.0 - i, null, "", Reports.histogram()));
    }
    Element section = section(parse(Reports.layers(layers)), "weights");
    assertThat(section.getElementsByTagName("svg").getLength()).isEqualTo(60);
    assertThat(section.getTextContent()).contains("The next 54 layers", "10 more layers");
    String first = section.getElementsByTagName("figcaption").item(0).getTextContent();
    assertThat(first).contains("layer69");
  }

  @Test
  void operators_areDrawnInPairs_andThoseThatGotSlowerStandOut() throws Exception {
    Element section = section(parse(Reports.full("j", "conv1", "dense")), "operators");
    assertThat(section.getTextContent())
        .contains(
            "777 profiled runs",
            "2 threads",
            "91.3",
            "33.5",
            "3.60",
            "new: 1.25",
            "gone",
            "f32-kernel",
            "qx8-kernel");
    assertThat(count(section, "rect", "worse")).as("dense, and QuantizeLinear twice").isEqualTo(3);
  }

  @Test
  void variants_showParentResultTrialsAndTheGoal() throws Exception {
    Element section = section(parse(Reports.full("j", "conv1", "dense")), "variants");
    assertThat(section.getTextContent())
        .contains("tried 2 variants", "1 layer in float", "goal: at most +0.10", "400 kB", "1.46");
    assertThat(count(section, "path", "square")).isEqualTo(2);
    assertThat(count(section, "path", "diamond")).isEqualTo(2);
    assertThat(count(section, "path", "circle")).isEqualTo(4);
    assertThat(count(section, "path", "frontier")).isEqualTo(2);
  }

  @Test
  void estimates_standBesideMeasurements() throws Exception {
    Element section = section(parse(Reports.full("j", "conv1", "dense")), "estimates");
    assertThat(section.getTextContent()).contains("static int8", "0.260", "0.250", "0.962", "2.50");
  }

  @Test
  void provenance_namesCpuRunsVersionsAndCommands() throws Exception {
    Element section = section(parse(Reports.full("j", "conv1", "dense")), "provenance");
    assertThat(section.getTextContent())
        .contains(
            "A CPU",
            "4,321 pairs of runs",
            "1.29.0",
            "./compresso quantize",
            "\"exclude\": [\"it'\\''s\", \"conv1\"]");
  }

  @Test
  void page_saysWhatWasNotMeasured() throws Exception {
    Document document = parse(Reports.bare());
    assertThat(all(document, "svg")).isEmpty();
    for (String id : List.of("layers", "weights", "operators", "variants", "accuracy", "latency")) {
      assertThat(count(section(document, id), "p", "none")).as(id).isEqualTo(1);
    }
    assertThat(all(document, "h1").getFirst().getTextContent()).isEqualTo("Compression report");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "</title></svg><script>alert(1)</script>",
        "\"onload=\"alert(1)\" x=\"",
        "' onmouseover='alert(1)",
        "]]></style><style>*{display:none}</style>",
        "&lt;script&gt; &#60;b&#62; &amp",
        "<!-- <![CDATA[",
        "nul\u0000 bell\u0007 esc\u001b[31m del\u007f c1\u0085 \ufffe end",
        "lone \ud800 surrogate and \udc00 another",
        "right-to-left \u202e gnp.exe",
        "a very long name that goes on and on /and/on/and/on/and/on/and/on/and/on/and/on/\ud83d\ude00",
        ""
      })
  void page_escapesNamesFromOutside(String name) throws Exception {
    Report report = Reports.full(name, name, name + "2");
    Document document = parse(report);
    assertThat(all(document, "script")).isEmpty();
    assertThat(all(document, "style")).hasSize(1);
    for (Element element : all(document, "*")) {
      for (int i = 0; i < element.getAttributes().getLength(); i++) {
        assertThat(element.getAttributes().item(i).getNodeName()).doesNotStartWith("on");
      }
    }
    String shown =
        name.replaceAll(
            "[\\x00-\\x08\\x0b\\x0e-\\x1f\\x7f-\\x9f\\ufffe\\x{d800}\\x{dc00}]", "\ufffd");
    assertThat(section(document, "layers").getTextContent()).contains(shown);
  }
}

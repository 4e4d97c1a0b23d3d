package io.compresso.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.logging.Level;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/**
 * The whole way through the dashboard in a browser: upload, form, live progress, report with its
 * chart.
 */
@Tag("browser")
class DashboardBrowserIT {
  private static final Duration LIMIT = Duration.ofMinutes(3);
  private static final Path SCREENSHOTS = Path.of("target", "screenshots");

  @TempDir Path folder;
  private ChromeDriver browser;

  @BeforeEach
  void open() {
    ChromeOptions options = new ChromeOptions();
    options.setBinary("/usr/bin/chromium");
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1280,1600",
        "--user-data-dir=" + folder.resolve("profile"));
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    options.setCapability("goog:loggingPrefs", logs);
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(new File("/usr/bin/chromedriver"))
            .usingAnyFreePort()
            .build();
    browser = new ChromeDriver(service, options);
  }

  @AfterEach
  void close() {
    browser.quit();
  }

  @Test
  void job_runsFromTheFormToItsReport() throws Exception {
    Path model =
        Files.write(
            folder.resolve("browser.onnx"),
            ModelBytes.sound().setProducerName("browser").build().toByteArray());
    Path data = Files.write(folder.resolve("browser-digits.zip"), DataBytes.mnist(64, 64, 3));
    upload("/models", model);
    upload("/datasets", data);

    visit("/new");
    choose("model", "browser (");
    choose("data.calibration", "browser-digits");
    choose("data.eval", "browser-digits");
    browser.findElement(By.name("name")).sendKeys("from the browser");
    shoot("new");
    browser.findElement(By.cssSelector("form.job button")).submit();

    await(By.cssSelector(".badge.succeeded"));
    await(By.cssSelector(".tiles .tile"));
    await(By.cssSelector("#sqnr canvas"));
    assertThat(browser.findElement(By.tagName("h1")).getText()).contains("from the browser");
    assertThat(browser.findElements(By.cssSelector("a[download]"))).isNotEmpty();
    shoot("job");
    browser.findElement(By.id("report")).click();
    await(By.cssSelector("#operators svg"));
    assertThat(browser.findElement(By.tagName("h1")).getText()).isEqualTo("from the browser");
    assertThat(browser.findElements(By.cssSelector("#layers svg, #weights svg, #variants svg")))
        .hasSizeGreaterThan(3);
    browser.findElement(By.cssSelector("nav a[href='#weights']")).click();
    shoot("report");

    visit("/");
    assertThat(browser.findElement(By.id("jobs")).getText()).contains("from the browser");
    shoot("jobs");
    assertThat(browser.manage().logs().get(LogType.BROWSER).getAll())
        .filteredOn(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
        .extracting(LogEntry::getMessage)
        .isEmpty();
  }

  @Test
  void page_isUsableByAssistiveTechnology() {
    for (String path : List.of("/", "/models", "/datasets", "/new")) {
      visit(path);
      assertThat(browser.findElement(By.tagName("html")).getAttribute("lang")).isEqualTo("en");
      assertThat(browser.findElements(By.tagName("h1"))).hasSize(1);
      assertThat(browser.findElements(By.tagName("main"))).hasSize(1);
      for (WebElement field :
          browser.findElements(By.cssSelector("input:not([type=hidden]), select"))) {
        assertThat(field.getAccessibleName())
            .as(path + " " + field.getAttribute("name"))
            .isNotBlank();
      }
      Object overflow =
          browser.executeScript(
              "return document.documentElement.scrollWidth > document.documentElement.clientWidth");
      assertThat(overflow).as(path + " scrolls sideways").isEqualTo(false);
    }
  }

  private void upload(String path, Path file) {
    visit(path);
    browser.findElement(By.name("file")).sendKeys(file.toAbsolutePath().toString());
    browser.findElement(By.cssSelector("form.upload button")).click();
    await(By.cssSelector("tbody tr"));
    assertThat(browser.findElements(By.cssSelector(".problem"))).isEmpty();
  }

  private void choose(String name, String text) {
    browser.findElement(By.name(name)).findElements(By.tagName("option")).stream()
        .filter(option -> option.getText().startsWith(text))
        .findFirst()
        .orElseThrow()
        .click();
  }

  private void visit(String path) {
    browser.get(TestServer.get().uri(path).toString());
  }

  private void await(By what) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (browser.findElements(what).isEmpty()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(what + " is not in " + browser.getPageSource());
      }
      try {
        Thread.sleep(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }

  private void shoot(String name) throws IOException {
    Files.createDirectories(SCREENSHOTS);
    Files.write(SCREENSHOTS.resolve(name + ".png"), browser.getScreenshotAs(OutputType.BYTES));
  }
}

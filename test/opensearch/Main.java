import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/** One OpenSearch node on 127.0.0.1, without a distribution: java -cp 'libs/*' Main.java PORT HOME */
public class Main {
  static class OneNode extends Node {
    OneNode(Environment environment) {
      super(environment, List.of(Netty4Plugin.class), false);
    }
  }

  public static void main(String[] args) throws Exception {
    Path home = Path.of(args[1]).toAbsolutePath();
    Files.createDirectories(home.resolve("config"));
    Settings settings = Settings.builder()
      .put("node.name", "one")
      .put("path.home", home.toString())
      .put("path.data", home.resolve("data").toString())
      .put("http.host", "127.0.0.1")
      .put("http.port", args[0])
      .put("transport.host", "127.0.0.1")
      .put("transport.port", "0")
      .put("discovery.type", "single-node")
      .put("node.store.allow_mmap", false)
      .put("cluster.routing.allocation.disk.threshold_enabled", false)
      .build();
    OneNode node = new OneNode(new Environment(settings, home.resolve("config")));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        node.close();
      } catch (Exception ignored) {
        // The process ends anyway.
      }
    }));
    node.start();
    Thread.currentThread().join();
  }
}

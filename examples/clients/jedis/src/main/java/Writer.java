import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.stream.Collectors;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisSentinelClient;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Writes to the master that the Sentinels name, reads back, and goes on across a failover.
 *
 * <pre>mvn compile dependency:copy-dependencies &amp;&amp; java -cp 'target/classes:target/dependency/*' Writer</pre>
 *
 * Settings come from the environment: SENTINELS (host:port,host:port,...), MASTER_NAME, SENTINEL_PASSWORD, PASSWORD,
 * WRITES.
 */
public final class Writer {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    public static void main(String[] arguments) throws InterruptedException {
        int writes = Integer.parseInt(System.getenv().getOrDefault("WRITES", "100"));
        try (RedisSentinelClient client = connect()) {
            client.ping(); // a wrong password of the servers is told at once
            for (int number = 0; number < writes; number++) {
                String key = "jedis:" + number;
                System.out.println(key + " " + write(client, key, Integer.toString(number)));
                Thread.sleep(10);
            }
        }
    }

    private static RedisSentinelClient connect() {
        // what docs/sentinel.md shows: begin
        var ofSentinels = DefaultJedisClientConfig.builder()
            .password(System.getenv("SENTINEL_PASSWORD"))
            .connectionTimeoutMillis(2000)
            .socketTimeoutMillis(2000)
            .build();
        var ofServers = DefaultJedisClientConfig.builder()
            .password(System.getenv("PASSWORD"))
            .connectionTimeoutMillis(2000)
            .socketTimeoutMillis(5000)
            .build();
        var pool = new ConnectionPoolConfig();
        pool.setMaxWait(Duration.ofSeconds(5));
        var client = RedisSentinelClient.builder()
            .sentinels(Arrays.stream(System.getenv("SENTINELS").split(",")).map(HostAndPort::from).collect(Collectors.toSet()))
            .sentinelClientConfig(ofSentinels)
            .masterName(System.getenv("MASTER_NAME"))
            .clientConfig(ofServers)
            .poolConfig(pool)
            .build();
        // what docs/sentinel.md shows: end
        return client;
    }

    /**
     * Repeats until it is acknowledged, which is right for what may be executed twice, such as SET: without an answer
     * nobody knows whether it was executed.
     */
    private static String write(RedisSentinelClient client, String key, String value) throws InterruptedException {
        Instant deadline = Instant.now().plus(PATIENCE);
        while (true) {
            try {
                client.set(key, value);
                return client.get(key);
            } catch (JedisException error) {
                if (Instant.now().isAfter(deadline)) {
                    throw error;
                }
                System.err.println("again: " + error.getMessage());
                Thread.sleep(100);
            }
        }
    }
}

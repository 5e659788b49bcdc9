// Writes to the master that the Sentinels name, reads back, and goes on across a failover.
//
//	go run .
//
// Settings come from the environment: SENTINELS (host:port,host:port,...), MASTER_NAME, SENTINEL_PASSWORD, PASSWORD,
// WRITES.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const patience = 60 * time.Second

func main() {
	ctx := context.Background()
	client := connect()
	defer client.Close()
	// A wrong name or password is told at once.
	if err := client.Ping(ctx).Err(); err != nil {
		log.Fatal(err)
	}
	for number := range writes() {
		key := fmt.Sprintf("go-redis:%d", number)
		value, err := write(ctx, client, key, strconv.Itoa(number))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(key, value)
		time.Sleep(10 * time.Millisecond)
	}
}

func connect() *redis.Client {
	// what docs/sentinel.md shows: begin
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		SentinelAddrs:    strings.Split(os.Getenv("SENTINELS"), ","),
		SentinelPassword: os.Getenv("SENTINEL_PASSWORD"),
		MasterName:       os.Getenv("MASTER_NAME"),
		Password:         os.Getenv("PASSWORD"),
		Dialer:           (&net.Dialer{Timeout: 2 * time.Second}).DialContext, // each connection
		DialTimeout:      15 * time.Second,                                    // to find the master and to connect to it, in all
		DialerRetries:    1,
		ReadTimeout:      3 * time.Second,
		WriteTimeout:     3 * time.Second,
		MaxRetries:       -1, // none
	})
	// what docs/sentinel.md shows: end
	return client
}

// Repeats until it is acknowledged, which is right for what may be executed twice, such as SET: without an answer
// nobody knows whether it was executed.
func write(ctx context.Context, client *redis.Client, key, value string) (string, error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		err := client.Set(ctx, key, value, 0).Err()
		if err == nil {
			value, err = client.Get(ctx, key).Result()
		}
		if err == nil || time.Now().After(deadline) {
			return value, err
		}
		log.Print("again: ", err)
	}
}

func writes() int {
	if number, err := strconv.Atoi(os.Getenv("WRITES")); err == nil {
		return number
	}
	return 100
}

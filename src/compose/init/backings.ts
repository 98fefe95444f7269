/** The servers that `gantry init` knows, and the dependencies that ask for one. Pure data. */

/** A server beside the application. `variables` are secrets that the user sets in `.env`; none is ever made up. */
export interface Backing {
  readonly name: string;
  readonly title: string;
  readonly image: string;
  /** Names of client libraries, as manifests write them, in lower case. */
  readonly clients: readonly string[];
  readonly variables: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly command?: string;
  /** A shell command that succeeds once it answers; `$$` is a dollar sign of the container's. */
  readonly healthcheck: string;
  /** Where it keeps its data. */
  readonly data: string;
  /** What the application is told: one variable. */
  readonly url: readonly [name: string, value: string];
}

export const backings: readonly Backing[] = [
  {
    name: "postgres",
    title: "PostgreSQL",
    image: "postgres:17-alpine",
    clients: [
      ...["pg", "postgres", "pg-promise", "psycopg", "psycopg2", "psycopg2-binary", "asyncpg"],
      ...["github.com/lib/pq", "github.com/jackc/pgx/v5", "github.com/jackc/pgx/v4", "tokio-postgres", "ext-pdo_pgsql"],
      ...["ext-pgsql", "postgresql", "org.postgresql"],
    ],
    variables: ["POSTGRES_PASSWORD"],
    environment: {
      POSTGRES_USER: "app",
      POSTGRES_DB: "app",
      POSTGRES_PASSWORD: "${POSTGRES_PASSWORD:?set it in .env}",
    },
    healthcheck: "pg_isready -U app -d app",
    data: "/var/lib/postgresql/data",
    url: ["DATABASE_URL", "postgres://app:${POSTGRES_PASSWORD:?set it in .env}@postgres:5432/app"],
  },
  {
    name: "mysql",
    title: "MySQL",
    image: "mysql:8.4",
    clients: [
      ...["mysql2", "mysql", "pymysql", "mysqlclient", "aiomysql", "mysql-connector-python", "mysql-connector-j"],
      ...["github.com/go-sql-driver/mysql", "mysql_async", "ext-pdo_mysql", "ext-mysqli"],
    ],
    variables: ["MYSQL_PASSWORD"],
    environment: {
      MYSQL_DATABASE: "app",
      MYSQL_USER: "app",
      MYSQL_PASSWORD: "${MYSQL_PASSWORD:?set it in .env}",
      MYSQL_RANDOM_ROOT_PASSWORD: "yes",
    },
    healthcheck: 'mysqladmin ping -h 127.0.0.1 -u app --password="$$MYSQL_PASSWORD"',
    data: "/var/lib/mysql",
    url: ["DATABASE_URL", "mysql://app:${MYSQL_PASSWORD:?set it in .env}@mysql:3306/app"],
  },
  {
    name: "mongo",
    title: "MongoDB",
    image: "mongo:8",
    clients: [
      ...["mongodb", "mongoose", "pymongo", "motor", "mongoid", "mongo"],
      ...["go.mongodb.org/mongo-driver", "go.mongodb.org/mongo-driver/v2", "ext-mongodb"],
    ],
    variables: ["MONGO_PASSWORD"],
    environment: {
      MONGO_INITDB_ROOT_USERNAME: "app",
      MONGO_INITDB_ROOT_PASSWORD: "${MONGO_PASSWORD:?set it in .env}",
    },
    healthcheck: "mongosh --quiet --eval 'db.runCommand({ ping: 1 })'",
    data: "/data/db",
    url: ["MONGO_URL", "mongodb://app:${MONGO_PASSWORD:?set it in .env}@mongo:27017/"],
  },
  {
    name: "redis",
    title: "Redis",
    image: "redis:7-alpine",
    clients: [
      ...["redis", "ioredis", "bullmq", "bull", "hiredis", "redis-rails", "sidekiq", "predis/predis", "ext-redis"],
      ...["github.com/redis/go-redis/v9", "github.com/go-redis/redis/v8", "jedis", "lettuce-core"],
      ...["spring-boot-starter-data-redis", "rq"],
    ],
    variables: [],
    environment: {},
    command: "redis-server --appendonly yes",
    healthcheck: "redis-cli ping | grep -q PONG",
    data: "/data",
    url: ["REDIS_URL", "redis://redis:6379/0"],
  },
  {
    name: "rabbitmq",
    title: "RabbitMQ",
    image: "rabbitmq:4-alpine",
    clients: [
      "amqplib",
      "amqp-connection-manager",
      "pika",
      "aio-pika",
      "bunny",
      "github.com/rabbitmq/amqp091-go",
      "lapin",
    ],
    variables: ["RABBITMQ_PASSWORD"],
    environment: {
      RABBITMQ_DEFAULT_USER: "app",
      RABBITMQ_DEFAULT_PASS: "${RABBITMQ_PASSWORD:?set it in .env}",
    },
    healthcheck: "rabbitmq-diagnostics -q ping",
    data: "/var/lib/rabbitmq",
    url: ["AMQP_URL", "amqp://app:${RABBITMQ_PASSWORD:?set it in .env}@rabbitmq:5672/"],
  },
];

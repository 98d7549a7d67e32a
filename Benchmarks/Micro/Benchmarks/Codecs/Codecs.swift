import Benchmark
import Operations

let benchmarks: @Sendable () -> Void = {
    for operation in Operation.all {
        Benchmark(
            operation.name,
            configuration: .init(
                metrics: [.wallClock], scalingFactor: .kilo, maxDuration: .seconds(1))
        ) { benchmark in
            operation.run(benchmark.scaledIterations.count)
        }
    }
}

import FoundationEssentials
import HTTPTypes
import UpgradeAPI

/// `openapi.json` (OpenAPI 3.1), made from the very table that the router serves.
struct OpenAPIDocument {
    let routes: [Route]
    /// The name of the session's cookie.
    let cookie: String

    private static let bodies: [any ExemplaryBody.Type] = [
        CompanyBody.self, DeploymentBody.self, EnrolledBody.self, EventBody.self, GatewayBody.self,
        MQTTAccountBody.self, MeBody.self, Problem.self, ReleaseBody.self, SessionBody.self, TokenBody.self,
        UpgradeBody.self, UserBody.self,
    ]

    /// The document's bytes.
    func encoded() throws -> Data {
        try APICoding.encode(
            JSONValue.object([
                "openapi": "3.1.0",
                "info": ["title": "Upgrade Manager", "version": .string(ServerVersion.current)],
                "servers": [["url": .string(Dispatcher.prefix)]],
                "paths": .object(try paths()),
                "components": ["schemas": .object(try schemas()), "securitySchemes": securitySchemes],
                "security": [["session": []], ["token": []]],
            ]))
    }

    /// The two ways in: a route takes either unless it says otherwise.
    private var securitySchemes: JSONValue {
        [
            "session": [
                "type": "apiKey", "in": "cookie", "name": .string(cookie),
                "description":
                    "The cookie that POST /session sets. A write also carries the session's csrfToken as X-CSRF-Token.",
            ],
            "token": [
                "type": "http", "scheme": "bearer",
                "description": "A token of POST /tokens, for programs: no cookie and no X-CSRF-Token.",
            ],
        ]
    }

    private func paths() throws -> [String: JSONValue] {
        var paths: [String: [String: JSONValue]] = [:]
        for route in routes {
            paths[route.path, default: [:]][route.method.rawValue.lowercased()] = .object(operation(route))
        }
        return paths.mapValues(JSONValue.object)
    }

    private func operation(_ route: Route) -> [String: JSONValue] {
        let pathParameters: [JSONValue] = route.parameters.map {
            ["name": .string($0), "in": "path", "required": true, "schema": ["type": "string"]]
        }
        let queryParameters: [JSONValue] = route.query.map {
            ["name": .string($0.name), "in": "query", "description": .string($0.summary), "schema": ["type": "string"]]
        }
        let problem: JSONValue = [
            "description": "A problem document", "content": content(Problem.mediaType, reference("Problem")),
        ]
        var operation: [String: JSONValue] = [
            "summary": .string(route.summary),
            "parameters": .array(pathParameters + queryParameters),
            "responses": .object([status(route.answer): .object(answer(route.answer)), "default": problem]),
        ]
        switch route.admission {
        case .anybody: operation["security"] = []
        case .inPerson: operation["security"] = [["session": []]]
        case .loggedIn, .settled: break
        }
        switch route.request {
        case .nothing: break
        case .json(let name, _):
            operation["requestBody"] = ["required": true, "content": content("application/json", reference(name.text))]
        case .bytes:
            operation["requestBody"] = [
                "required": true,
                "content": content("application/octet-stream", ["type": "string", "format": "binary"]),
            ]
        }
        return operation
    }

    private func status(_ answer: Route.AnswerShape) -> String {
        switch answer {
        case .object(_, let status): String(status.code)
        case .nothing: "204"
        case .page, .stream, .document: "200"
        }
    }

    private func answer(_ answer: Route.AnswerShape) -> [String: JSONValue] {
        switch answer {
        case .object(let name, status: _):
            ["description": "Done", "content": content("application/json", reference(name.text))]
        case .page(let name):
            [
                "description": "One page of the list",
                "content": content(
                    "application/json",
                    [
                        "type": "object", "required": ["items", "total", "nextCursor"],
                        "properties": [
                            "items": ["type": "array", "items": reference(name.text)], "total": ["type": "integer"],
                            "nextCursor": ["type": ["string", "null"]],
                        ],
                    ]),
            ]
        case .stream:
            ["description": "Server-sent events", "content": content("text/event-stream", ["type": "string"])]
        case .document: ["description": "This document", "content": content("application/json", ["type": "object"])]
        case .nothing: ["description": "Done"]
        }
    }

    private func content(_ type: String, _ schema: JSONValue) -> JSONValue { .object([type: ["schema": schema]]) }

    private func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

    /// The answers' schemas from their examples, the requests' from the members that they may have.
    private func schemas() throws -> [String: JSONValue] {
        var schemas: [String: JSONValue] = [:]
        for type in Self.bodies {
            guard let example = type.example else { continue }
            let value = try JSONDecoder().decode(JSONValue.self, from: APICoding.encode(example))
            schemas[SchemaName(type).text] = value.schema
        }
        for route in routes {
            guard case .json(let name, let members) = route.request else { continue }
            let properties = Dictionary(uniqueKeysWithValues: members.map { ($0, JSONValue.object([:])) })
            schemas[name.text] = ["type": "object", "additionalProperties": false, "properties": .object(properties)]
        }
        return schemas
    }
}

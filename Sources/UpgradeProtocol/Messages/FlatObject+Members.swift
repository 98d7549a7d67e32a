// What the members of messages mean, read leniently: a number may stand in quotes, an id without them.

extension FlatObject {
    func companyID(_ name: String) throws(MessageError) -> CompanyID {
        let text = try scalar(required(name), of: name)
        do {
            return try CompanyID(text)
        } catch {
            throw .wrongMember(name, problem: error.description)
        }
    }

    func version(_ name: String) throws(MessageError) -> Version {
        try version(required(name), of: name)
    }

    func versionIfPresent(_ name: String) throws(MessageError) -> Version? {
        guard let token = self[name] else { return nil }
        return try version(token, of: name)
    }

    func versions(_ name: String) throws(MessageError) -> [Version] {
        let token = try required(name)
        guard token.kind == .array else {
            throw .wrongMember(name, problem: "\(quoted(source(of: token))) is no array")
        }
        var versions: [Version] = []
        for element in try elements(of: token) { versions.append(try version(element, of: name)) }
        return versions
    }

    func timestampIfPresent(_ name: String) throws(MessageError) -> Int64? {
        guard let token = self[name] else { return nil }
        let text = try scalar(token, of: name)
        guard let milliseconds = DecimalNumber(text)?.wholePart,
            ProtocolLimits.statusTimestamps.contains(milliseconds)
        else {
            throw .wrongMember(name, problem: "\(quoted(text)) is no time in milliseconds since 1970")
        }
        return milliseconds
    }

    func reasonIfPresent(_ name: String) throws(MessageError) -> String? {
        guard let token = self[name] else { return nil }
        guard token.kind == .string, let text = text(of: token) else {
            throw .wrongMember(name, problem: "\(quoted(source(of: token))) is no text")
        }
        return text
    }

    private func required(_ name: String) throws(MessageError) -> JSONToken {
        guard let token = self[name] else { throw .missingMember(name) }
        return token
    }

    private func scalar(_ token: JSONToken, of name: String) throws(MessageError) -> String {
        guard let text = text(of: token) else {
            throw .wrongMember(name, problem: "\(quoted(source(of: token))) is neither a text nor a number")
        }
        return text
    }

    private func version(_ token: JSONToken, of name: String) throws(MessageError) -> Version {
        let text = try scalar(token, of: name)
        do {
            return try Version(text)
        } catch {
            throw .wrongMember(name, problem: error.description)
        }
    }
}

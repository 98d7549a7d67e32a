import MQTTWire

extension Shard {
    /// Forgets a session, with all that it holds.
    func end(_ session: Session) {
        guard sessions[session.clientID] === session else { return }
        sessions[session.clientID] = nil
        counters.add(-1, to: .sessions)
        core.sessionEnded()
        session.end()
    }

    /// Ends the session of a client id and what uses it, if its owner is meant; also a CONNECT for it that is not decided: whatever it was granted on
    /// may be what was just taken back.
    func end(_ clientID: ClientID, reason: String, where isMeant: (ClientIdentity) -> Bool) {
        for connection in Array(undecided.values) where connection.client.clientID == clientID {
            connection.tryLater()
        }
        guard let session = sessions[clientID], isMeant(session.owner) else { return }
        end(session, reason: reason)
    }

    /// Ends all sessions whose owners are meant, and what is not decided.
    func endAll(reason: String, where isMeant: (ClientIdentity) -> Bool) {
        for connection in Array(undecided.values) { connection.tryLater() }
        for session in Array(sessions.values) where isMeant(session.owner) { end(session, reason: reason) }
    }

    private func end(_ session: Session, reason: String) {
        session.discardWill()
        session.connection?.end(.administrative(reason), sending: .administrativeAction)
        end(session)
    }

    /// A new session; `nil` if there are as many as there may be.
    func makeSession(_ client: ConnectedClient, expiry: SessionExpiry) -> Session? {
        guard core.admitSession() else { return nil }
        let session = Session(client, shard: self, expiry: expiry)
        sessions[client.clientID] = session
        counters.add(1, to: .sessions)
        return session
    }

    // MARK: Shared subscriptions

    /// Tells the owner of a share group that a client of this loop is in it, connected or not.
    func join(_ filter: TopicFilter, clientID: ClientID, isConnected: Bool) {
        let member = ShareGroup.Member(clientID: clientID, loop: index, isConnected: isConnected)
        onOwner(of: filter) { owner in
            let (group, isNew) = owner.tree.group(filter)
            if isNew { owner.core.interest.add(filter, loop: owner.index) }
            group.update(member)
        }
    }

    /// Tells the owner of a share group that a client of this loop has left it.
    func leave(_ filter: TopicFilter, clientID: ClientID) {
        onOwner(of: filter) { owner in
            let (group, isNew) = owner.tree.group(filter)
            group.remove(clientID)
            guard group.isEmpty else { return }
            owner.tree.removeGroup(group)
            if !isNew { owner.core.interest.remove(filter, loop: owner.index) }
        }
    }

    /// Runs the closure on the loop that owns the group.
    func onOwner(of filter: TopicFilter, _ work: @escaping @Sendable (Shard) -> Void) {
        let owner = core.owner(ofShared: filter)
        if owner == index { work(self) } else { post(to: owner, work) }
    }
}

(function executeRule(current, previous /* null when async */) {
    new PushHint().send(current);
})(current, previous);

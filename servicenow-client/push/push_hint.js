/*
 * Script include "PushHint", client callable: no. Works in ECMAScript 5 mode and later, in global scope and in others.
 *
 * Tells a receiver that a record has changed: which one, not how. The receiver reads the record itself.
 *
 * System properties:
 *   push_hint.url   where the receiver is, https://...; empty switches pushes off
 *   push_hint.key   the key shared with the receiver, 32 random bytes in base64; type password2
 */
var PushHint = Class.create();
PushHint.prototype = {
    initialize: function () {
    },

    /*
     * Sends a hint about a record. It never throws: a failure is logged, and the record stays as it is. Neither the
     * key nor the address is logged, nor what an error says, since it may quote them.
     */
    send: function (record) {
        var step = 'reading the record';
        var name = 'a record';
        try {
            name = record.getTableName() + ' ' + record.getUniqueValue();
            var body = this._body(record);
            step = 'reading the properties';
            var url = '' + gs.getProperty('push_hint.url', '');
            if (url === '') {
                return;
            }
            if (url.indexOf('https://') !== 0) {
                gs.error('PushHint: nothing sent about ' + name + ': push_hint.url must begin with https://');
                return;
            }
            step = 'signing: push_hint.key must be base64';
            var timestamp = '' + Math.floor(new GlideDateTime().getNumericValue() / 1000);
            var signature = this._sign(timestamp + '.' + body);
            step = 'sending';
            var status = this._post(url, timestamp, signature, body);
            if (status < 200 || status > 299) {
                gs.error('PushHint: the push about ' + name + ' was answered with status ' + status);
            }
        } catch (error) {
            gs.error('PushHint: nothing sent about ' + name + ': failed while ' + step);
        }
    },

    _body: function (record) {
        var hint = {
            table: '' + record.getTableName(),
            sys_id: '' + record.getUniqueValue(),
            number: record.isValidField('number') ? '' + record.getValue('number') : '',
            sys_mod_count: Number('' + record.getValue('sys_mod_count'))
        };
        // In ASCII alone, what is signed and what is sent cannot differ by their encoding.
        return JSON.stringify(hint).replace(/[\u007f-\uffff]/g, function (c) {
            return '\\u' + ('0000' + c.charCodeAt(0).toString(16)).slice(-4);
        });
    },

    /* Signs with whatever the scope has: the two are the same under different names. */
    _sign: function (text) {
        var Mac = typeof GlideCertificateEncryption === 'undefined' ? CertificateEncryption : GlideCertificateEncryption;
        var key = '' + gs.getProperty('push_hint.key', '');
        return 'v1=' + ('' + new Mac().generateMac(key, 'HmacSHA256', text)).replace(/\s/g, '');
    },

    /* Answers the status, 0 if there was no answer. */
    _post: function (url, timestamp, signature, body) {
        var message = new sn_ws.RESTMessageV2();
        message.setEndpoint(url);
        message.setHttpMethod('POST');
        message.setHttpTimeout(10000);
        message.setRequestHeader('Content-Type', 'application/json');
        message.setRequestHeader('X-Push-Timestamp', timestamp);
        message.setRequestHeader('X-Push-Signature', signature);
        message.setRequestBody(body);
        return message.execute().getStatusCode();
    },

    type: 'PushHint'
};
